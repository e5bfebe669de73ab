"""One camera's life: sessions that come and go, and what is told between them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from videoqa.alerting.backoff import HEALTHY, pause
from videoqa.alerting.book import Book
from videoqa.alerting.room import Room
from videoqa.alerting.session import Desk, Session
from videoqa.alerting.standing import Standing
from videoqa.alerts import AlertRule
from videoqa.cameras import Camera, CameraState
from videoqa.errors import BadMedia, VideoqaError
from videoqa.media import ZERO
from videoqa.ports import AlertChange, RecordingFilter

_log = logging.getLogger(__name__)
NOT_RUNNING = "videoqa was not running"
NOT_KEPT = "what the camera sent could not be kept"
STOPPED = "videoqa was stopped"
MODEL_CAME = "videoqa began again with a model"
SWITCHED_OFF = "the camera was switched off"
CHANGED = "the camera's settings were changed"


class Watching:
    """Watches ``camera`` until it is told to stop.

    Args:
        rules: gives those that may be meant for it, as they are now.
        cause: why nobody watched it until now.
    """

    def __init__(
        self, camera: Camera, room: Room, rules: Callable[[], Collection[AlertRule]], cause: str = NOT_RUNNING
    ) -> None:
        self.camera = camera
        self._before = cause
        self._room = room
        self._rules = rules
        self._stop = threading.Event()
        self._cause = ""
        self._for_good = False

    def stop(self, cause: str = "", *, for_good: bool = False) -> None:
        """Has it end soon.

        Args:
            cause: why nobody watches the camera any more; empty where somebody else goes on at once.
            for_good: what is open ends; otherwise it goes on where the camera is watched again soon.
        """
        self._cause, self._for_good = cause, for_good
        self._stop.set()

    def run(self) -> None:
        """Tries again for ever. What the house cannot keep or read is logged, and ends a session like a cut line."""
        now, steady = self._room.now, self._room.steady
        desk: Desk | None = None
        away_since = steady()
        while not self._stop.is_set():
            lasted, state = ZERO, CameraState.OFFLINE
            try:
                desk = desk or self._begin()
                self._write(desk.book.idle(now()))
                lasted = Session(desk, self._room).run(self._stop.is_set)
                state = desk.standing.status.state
            except VideoqaError as error:
                _log.warning("what camera %s sends cannot be kept: %s", self.camera.name, error)
                if desk is not None:
                    # What it knows may not be what was written.
                    desk.sentry.close()
                    desk = None
                    self._before = NOT_KEPT
            if lasted > HEALTHY:
                away_since = steady()
            away = timedelta(seconds=steady() - away_since)
            self._stop.wait(pause(away, state, self._room.chance).total_seconds())
        if desk is not None:
            self._end(desk)

    def _begin(self) -> Desk:
        camera, room = self.camera, self._room
        standing = Standing(camera, room.cameras, room.log, room.now, room.steady)
        ends = self._footage_ends()
        if ends is not None:
            standing.footage_ends(ends)
            standing.lacks_footage(self._before)
        rules, open_alerts = self._rules(), room.log.open_alerts(camera.id)
        latest = [alert for rule in rules for alert in room.log.latest(rule.id, camera.id)]
        book = Book(camera.id, camera.period)
        youngest = next(iter(room.archive.page(RecordingFilter(camera=camera.id), limit=1)), None)
        self._write(book.restore(open_alerts, latest, rules, standing.status, youngest))
        standing.become(CameraState.STARTING, recording="")
        sentry = room.sentries.sentry(camera.id, camera.period, [*latest, *open_alerts])
        return Desk(camera, self._rules, standing, book, sentry)

    def _footage_ends(self) -> datetime | None:
        """When the youngest recording ended. Those that a kill has left without an end have one then."""
        for recording in self._room.closing.left_behind(self.camera.id):
            # Whoever closes it tells what cannot be read of it.
            with suppress(BadMedia):
                length = self._room.closing.measure(recording)
                self._room.archive.describe(recording.id, length=length, started_at=recording.started_at)
            self._room.ended(recording, None)
        youngest = self._room.archive.page(RecordingFilter(camera=self.camera.id), limit=1)
        return next((each.started_at + each.length for each in youngest if each.started_at is not None), None)

    def _end(self, desk: Desk) -> None:
        desk.sentry.close()
        try:
            if self._for_good:
                self._write(desk.book.close())
            # Of one that was removed nothing is to be told any more.
            if self._cause and self._room.cameras.with_id(self.camera.id) is not None:
                desk.standing.lacks_footage(self._cause)
                desk.standing.become(CameraState.OFF, self._cause, recording="")
        except VideoqaError as error:
            _log.warning("that camera %s is not watched any more cannot be told: %s", self.camera.name, error)

    def _write(self, changes: Sequence[AlertChange]) -> None:
        # What was open of one that was removed has ended with it.
        if changes and self._room.cameras.with_id(self.camera.id) is not None:
            self._room.log.write(changes)
