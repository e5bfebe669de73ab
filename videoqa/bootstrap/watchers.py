"""Who watches which camera: a thread for each, as cameras come, change and go."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ingest.gate.scenery import FILE as SCENE
from ingest.snapshots import FILE as LATEST
from ingest.snapshots import FRESH
from videoqa.alerting.aside import Aside
from videoqa.alerting.blind import KILLED, blind
from videoqa.alerting.book import Book
from videoqa.alerting.closing import under_way
from videoqa.alerting.room import Room
from videoqa.alerting.rules import reaches
from videoqa.alerting.watching import CHANGED, NOT_RUNNING, SWITCHED_OFF, Watching
from videoqa.bootstrap.stores import CAMERAS
from videoqa.cameras import CameraState
from videoqa.errors import DiskFull

if TYPE_CHECKING:
    from videoqa.alerts import Alert, AlertRule
    from videoqa.bootstrap import House
    from videoqa.cameras import Camera
    from videoqa.media import CoveredSpan, Recording
    from videoqa.ports import AlertLog

_PAUSE_SECONDS = 5.0
_LAST_SECONDS = 2.0
_MEBIBYTE = 2**20
_NAME = "%Y%m%dT%H%M%S.%fZ"
"""What the file of a recording is called: when it began, in UTC."""


@dataclass(slots=True)
class _Watched:
    """``ending`` where it was told to stop; ``begun`` is by the steady clock."""

    watching: Watching
    thread: threading.Thread
    begun: float
    ending: bool = False


class Watchers:
    """Watches all cameras of ``place`` that are switched on; ``look`` is to be called now and then."""

    def __init__(self, place: House, log: AlertLog) -> None:
        self._place = place
        self._log = log
        self._reserve = place.settings.disk_reserve_mb * _MEBIBYTE
        closing = replace(place.closing, not_known=self._not_known)
        self._aside = Aside(closing, place.retention)
        self._room = Room(
            source=place.live_source,
            archive=place.archive,
            cameras=place.cameras,
            log=log,
            sentries=place.sentries,
            closing=closing,
            path_of=self._path_of,
            show=place.snapshots.keep,
            ended=self._aside.close,
        )
        self._folder = place.folder / CAMERAS
        self._adopted = False
        self._watched: dict[str, _Watched] = {}
        self._rules: Mapping[str, tuple[AlertRule, ...]] = {}

    def look(self) -> None:
        """Takes notice of cameras and rules that were added, changed or removed.

        Raises:
            StorageError: they cannot be read.
        """
        every = self._place.cameras.cameras()
        wanted = {camera.id: camera for camera in every if camera.enabled}
        if not self._adopted:
            self._adopt({camera.id: camera for camera in every})
            self._adopted = True
        self._rules = self._by_camera(wanted.values())
        for camera_id, watched in tuple(self._watched.items()):
            self._heed(watched, wanted.get(camera_id))
            if not watched.thread.is_alive() and (watched.ending or _since(watched.begun) > _PAUSE_SECONDS):
                del self._watched[camera_id]
                if camera_id in wanted:
                    self._begin(wanted[camera_id], CHANGED if watched.ending else NOT_RUNNING)
        for camera in wanted.values():
            if camera.id not in self._watched:
                self._begin(camera, NOT_RUNNING)
        self._let_go([camera for camera in every if not camera.enabled])
        self._aside.look(every)
        self._clear({camera.id for camera in every})

    def stop(self, cause: str) -> None:
        """Ends all sessions, and what they record; ``cause`` is why there is no footage then."""
        for watched in self._watched.values():
            watched.watching.stop(cause)
        deadline = time.monotonic() + _LAST_SECONDS
        for watched in self._watched.values():
            watched.thread.join(max(0.0, deadline - time.monotonic()))
        self._aside.finish(max(0.0, deadline - time.monotonic()))

    def _heed(self, watched: _Watched, wanted: Camera | None) -> None:
        if watched.ending:
            return
        if wanted is None:
            watched.watching.stop(SWITCHED_OFF, for_good=True)
            watched.ending = True
        elif not _watched_alike(wanted, watched.watching.camera):
            watched.watching.stop()
            watched.ending = True

    def _begin(self, camera: Camera, cause: str) -> None:
        watching = Watching(camera, self._room, lambda: self._rules.get(camera.id, ()), cause)
        thread = threading.Thread(target=watching.run, name=f"camera {camera.id}", daemon=True)
        self._watched[camera.id] = _Watched(watching, thread, time.monotonic())
        thread.start()

    def _let_go(self, switched_off: Collection[Camera]) -> None:
        """Nobody watches these any more, nor those that are gone: what they were left with ends.

        Whoever watched one tells so when it stops; here it is told where nobody did then.
        """
        open_by_camera: dict[str, list[Alert]] = {}
        for alert in self._log.open_alerts():
            open_by_camera.setdefault(alert.camera, []).append(alert)
        cameras = self._place.cameras
        for camera_id in open_by_camera.keys() - self._watched.keys():
            ended = Book(camera_id).restore(open_by_camera[camera_id], (), (), cameras.status(camera_id))
            self._log.write(ended)
        for camera in switched_off:
            status = None if camera.id in self._watched else cameras.status(camera.id)
            if status is not None and status.state is not CameraState.OFF:
                now = datetime.now(UTC)
                off = replace(status, state=CameraState.OFF, since=now, problem=SWITCHED_OFF, recording="")
                self._log.write([off])

    def _adopt(self, cameras: Mapping[str, Camera]) -> None:
        """Takes up the footage of which a kill came before its recording was known: nobody adds to any file yet."""
        archive = self._place.archive
        known = {self._place.footage_of(recording) for recording in archive.recordings()}
        for path in sorted(self._folder.glob("*/*.mp4")):
            if path in known:
                continue
            # What is called otherwise is somebody else's.
            with suppress(ValueError):
                started_at = datetime.strptime(path.stem, _NAME).replace(tzinfo=UTC)
                camera_id = path.parent.name
                now = datetime.now(UTC)
                archive.add(under_way(str(path), camera_id, started_at, now, cameras.get(camera_id)))

    def _clear(self, known: Collection[str]) -> None:
        """Drops what cameras showed that are there no longer; what they recorded stays."""
        for place in self._folder.glob("*"):
            if place.name not in known and place.name not in self._watched:
                for shown in (LATEST, FRESH, SCENE):
                    (place / shown).unlink(missing_ok=True)
                # Where something was recorded it stays.
                with suppress(OSError):
                    place.rmdir()

    def _by_camera(self, cameras: Collection[Camera]) -> dict[str, tuple[AlertRule, ...]]:
        """The rules that may be meant for each camera: one that names none is for those that its owner reaches."""
        rules = self._place.rules.rules()
        if not rules:
            return {}
        scopes = {key.id: key.scope for key in self._place.keys.keys()}  # noqa: SIM118  a port's method
        return {camera.id: tuple(rule for rule in rules if reaches(rule, camera, scopes)) for camera in cameras}

    def _not_known(self, recording: Recording, length: timedelta) -> tuple[CoveredSpan, ...]:
        """What of a recording that a kill cut off, so long, rules were armed for."""
        camera = self._place.cameras.with_id(recording.camera)
        rules = self._place.rules.rules() if camera is None else self._by_camera([camera]).get(camera.id, ())
        began = recording.started_at
        return () if began is None else blind(rules, recording.camera, began, length, KILLED)

    def _path_of(self, camera_id: str, started_at: datetime) -> str:
        """
        Raises:
            DiskFull: the disk would have less left than the reserve.
        """
        if shutil.disk_usage(self._place.folder).free < self._reserve:
            raise DiskFull(path=self._place.folder)
        return str(self._folder / camera_id / f"{started_at:{_NAME}}.mp4")


def _watched_alike(one: Camera, other: Camera) -> bool:
    """True where the two are watched in the same way: how long footage is kept is not for whoever watches.

    A new name is that of the next recording; new tags are at once those of another one, since keys go by them.
    """
    kept = replace(other, keep=one.keep, keep_events=one.keep_events, keep_bytes=one.keep_bytes)
    return one == replace(kept, name=one.name, owner=one.owner)


def _since(then: float) -> float:
    return time.monotonic() - then
