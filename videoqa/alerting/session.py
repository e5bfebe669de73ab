"""One unbroken session with a camera: recordings begin and end, frames are looked at, alerts are written down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from videoqa.alerting.attention import Attention
from videoqa.alerting.closing import begin_rules, under_way
from videoqa.alerting.rules import to_watch
from videoqa.alerts import AlertRule
from videoqa.cameras import Camera, CameraState
from videoqa.errors import StorageError
from videoqa.media import ZERO, Recording
from videoqa.ports import AlertChange, LiveFrame, LookedAway, Lost, RolledOver, Sentry, Tuned

if TYPE_CHECKING:
    from videoqa.alerting.book import Book
    from videoqa.alerting.room import Room
    from videoqa.alerting.standing import Standing

NO_ROOM = "the disk is full: what it sends is looked at, and not recorded"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _UnderWay:
    """A recording to which the camera adds. ``until`` is where its last frame stands; ``kept`` is as in ``Tuned``."""

    recording: Recording
    started_at: datetime
    attention: Attention
    away: list[LookedAway] = field(default_factory=list)
    until: timedelta = ZERO
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Desk:
    """What one camera is watched with, from session to session. ``rules`` gives those that may be meant for it."""

    camera: Camera
    rules: Callable[[], Collection[AlertRule]]
    standing: Standing
    book: Book
    sentry: Sentry


class Session:
    def __init__(self, desk: Desk, room: Room) -> None:
        self._camera = desk.camera
        self._room = room
        self._rules = desk.rules
        self._standing = desk.standing
        self._sentry = desk.sentry
        self._book = desk.book
        self._dropped = desk.standing.status.dropped
        self._paths: dict[datetime, str] = {}
        self._under_way: _UnderWay | None = None
        self._shown = True
        self._paused = False

    def run(self, stop: Callable[[], bool]) -> timedelta:
        """For how long footage came.

        Raises:
            VideoqaError: what came cannot be kept.
        """
        begun: float | None = None
        try:
            with self._room.source.session(self._camera, self._path_of, stop) as items:
                for item in items:
                    match item:
                        case Tuned():
                            begun = self._room.steady()
                            self._tuned(item)
                        case LiveFrame():
                            self._look(item)
                        case RolledOver(_, length, started_at, clock, kept):
                            self._end(length)
                            self._begin(started_at, kept=kept)
                            self._rolled(started_at, kept=kept)
                            self._standing.note(clock=clock)
                        case Lost():
                            self._lost(item)
        finally:
            # Of what could not be written nothing more is told, but what was recorded is there.
            self._over(None)
        return ZERO if begun is None else timedelta(seconds=self._room.steady() - begun)

    def _path_of(self, started_at: datetime) -> str:
        path = self._paths[started_at] = self._room.path_of(self._camera.id, started_at)
        return path

    def _tuned(self, tuned: Tuned) -> None:
        self._begin(tuned.started_at, kept=tuned.kept)
        self._standing.footage_begins(tuned.started_at)
        if not tuned.kept:
            self._lacks_room(tuned.started_at)
        before = self._standing.status
        # While watching it begins, nothing was lost: its settings were changed, or the service started.
        came_back = before.state is not CameraState.STARTING and before.last_frame_at is not None
        self._standing.become(
            CameraState.ONLINE,
            "" if tuned.kept else NO_ROOM,
            reconnects=before.reconnects + came_back,
            recording=self._current.recording.id if tuned.kept else "",
            width=tuned.width,
            height=tuned.height,
            codec=tuned.codec,
            clock=tuned.clock,
            last_frame_at=tuned.started_at,
        )

    def _rolled(self, started_at: datetime, *, kept: bool) -> None:
        """Tells where the recording stops for want of room, and where it goes on."""
        paused, self._paused = self._paused, not kept
        if kept and paused:
            self._standing.footage_begins(started_at)
            self._standing.become(CameraState.ONLINE, recording=self._current.recording.id)
        elif not kept and not paused:
            self._lacks_room(started_at)
            self._standing.become(CameraState.ONLINE, NO_ROOM, recording="")

    def _lacks_room(self, at: datetime) -> None:
        self._paused = True
        self._standing.footage_ends(at)
        self._standing.lacks_footage(NO_ROOM)

    def _begin(self, started_at: datetime, *, kept: bool) -> None:
        """A recording begins; the archive knows it before anything is told of it.

        Of what is not kept the archive knows nothing, and what is told of it is as of a recording that was removed.
        """
        # What it is called now: a new name alone ends no session.
        camera = self._room.cameras.with_id(self._camera.id) or self._camera
        archive = self._room.archive
        path, now = self._paths.pop(started_at, ""), self._room.now()
        recording = under_way(path, camera.id, started_at, now, camera)
        if kept:
            recording = archive.add(recording)
            begin_rules(archive, recording.id)
        self._under_way = _UnderWay(recording, started_at, Attention(self._camera.period), kept=kept)
        self._sentry.begin()
        self._write(self._book.begin(recording))
        self._standing.note(recording=recording.id if kept else "")

    @property
    def _current(self) -> _UnderWay:
        assert self._under_way is not None
        return self._under_way

    def _look(self, live: LiveFrame) -> None:
        under_way = self._current
        self._show(live)
        every = self._rules()
        rules = to_watch(every, self._camera.id, live.taken_at)
        looked = self._sentry.look(live, rules)
        self._write(self._book.advance(live, every, looked))
        if rules:
            under_way.attention.at(live.frame.pts)
        under_way.away.extend(looked.away)
        under_way.until = live.frame.pts
        self._standing.note(last_frame_at=live.taken_at, dropped=self._dropped + live.dropped)

    def _show(self, live: LiveFrame) -> None:
        """What cannot be shown is recorded and looked at all the same."""
        try:
            self._room.show(self._camera.id, live.frame.picture, live.taken_at)
        except StorageError as error:
            if self._shown:
                _log.warning("what camera %s shows cannot be kept: %s", self._camera.name, error)
            self._shown = False
        else:
            self._shown = True

    def _lost(self, lost: Lost) -> None:
        self._end(lost.length)
        if lost.state is CameraState.OFF:
            # Whoever had it stop tells why.
            return
        self._standing.lacks_footage(lost.problem or lost.state.value)
        self._standing.become(lost.state, lost.problem, recording="")

    def _end(self, length: timedelta | None) -> None:
        """The recording under way is over."""
        if self._under_way is not None:
            lasted = self._under_way.until + self._camera.period if length is None else length
            self._write(self._book.finish(lasted))
            self._over(length)

    def _over(self, length: timedelta | None) -> None:
        """Hands the recording under way over; where it ends, its file tells best."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None and under_way.kept:
            lasted = under_way.until + self._camera.period if length is None else length
            self._standing.footage_ends(under_way.started_at + lasted)
            looked = under_way.attention.spans(lasted, under_way.away)
            self._room.ended(replace(under_way.recording, length=lasted), looked)

    def _write(self, changes: Sequence[AlertChange]) -> None:
        # Of one that was removed nothing begins any more, and all that was open has ended with it.
        if changes and self._room.cameras.with_id(self._camera.id) is not None:
            self._room.log.write(changes)
