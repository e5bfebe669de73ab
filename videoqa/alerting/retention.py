"""How long the footage of cameras is kept: by its age, by the room it takes, what shows alerts longer, pins always."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from videoqa.cameras import Camera
from videoqa.media import Recording, RecordingState
from videoqa.ports import AlertLog, AnalysisKind, Archive, Pins, RecordingFilter

NOTICES_KEPT = timedelta(days=90)
_PAGE = 500
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Retention:
    """Forgets what need not be kept. ``remove`` forgets a recording and its file; an alert about it stays.

    ``size_of`` is the bytes that a recording takes, ``lacking`` those that the disk has too few of to go on. Room is
    made for these by cameras that say for how long or in how much room they are kept, and by no others.
    """

    archive: Archive
    pins: Pins
    log: AlertLog
    remove: Callable[[Recording], None]
    size_of: Callable[[Recording], int]
    lacking: Callable[[], int] = lambda: 0
    _with_alerts: set[str] = field(default_factory=set)

    def keep(self, cameras: Collection[Camera], now: datetime) -> int:
        """Forgets of the footage of ``cameras``, and of the alert log, what is over; how many recordings went."""
        pinned = {pin.recording_id for pin in self.pins.pins()}
        gone = 0
        for camera in cameras:
            gone += self._by_age(camera, pinned, now)
            if camera.keep_bytes:
                gone += self._down_to(camera.keep_bytes, [camera], pinned)
        bounded = [camera for camera in cameras if camera.keep is not None or camera.keep_bytes]
        if bounded and (lacking := self.lacking()) > 0:
            gone += self._free(lacking, bounded, pinned)
        self.log.forget(now - NOTICES_KEPT)
        if gone:
            _log.info("forgot %d recordings of cameras", gone)
        return gone

    def _by_age(self, camera: Camera, pinned: Collection[str], now: datetime) -> int:
        if camera.keep is None:
            return 0
        gone = 0
        longer = max(camera.keep, camera.keep_events or camera.keep)
        for recording in self._recordings([camera], before=now - camera.keep):
            ended = _ends(recording)
            keep = longer if self._shows_alerts(recording) else camera.keep
            if recording.id not in pinned and ended is not None and ended <= now - keep:
                self.remove(recording)
                gone += 1
        return gone

    def _down_to(self, most: int, cameras: Collection[Camera], pinned: Collection[str]) -> int:
        recordings = tuple(self._recordings(cameras))
        over = sum(map(self.size_of, recordings)) - most
        return self._make_room(over, recordings, pinned)

    def _free(self, lacking: int, cameras: Collection[Camera], pinned: Collection[str]) -> int:
        return self._make_room(lacking, tuple(self._recordings(cameras)), pinned)

    def _make_room(self, size: int, recordings: Collection[Recording], pinned: Collection[str]) -> int:
        """The oldest go first, those that show nothing before those that do."""
        gone = 0
        if size <= 0:
            return gone
        for recording in sorted(recordings, key=lambda each: (self._shows_alerts(each), _ends(each) or each.added_at)):
            if size <= 0:
                break
            if recording.id not in pinned:
                size -= self.size_of(recording)
                self.remove(recording)
                gone += 1
        return gone

    def _recordings(self, cameras: Collection[Camera], before: datetime | None = None) -> Iterator[Recording]:
        """Those of ``cameras`` that have ended and began ``before`` then."""
        for camera in cameras:
            wanted = RecordingFilter(camera=camera.id, started_before=before)
            found: list[Recording] = []
            while page := self.archive.page(wanted, found[-1].id if found else None, _PAGE):
                found.extend(page)
            yield from (each for each in found if each.state is not RecordingState.RECORDING)

    def _shows_alerts(self, recording: Recording) -> bool:
        if recording.id in self._with_alerts:
            return True
        analysis = self.archive.finished_analysis(recording.id, AnalysisKind.RULES)
        if analysis is None or not self.archive.analysis_events(analysis.id):
            return False
        self._with_alerts.add(recording.id)
        return True


def _ends(recording: Recording) -> datetime | None:
    return None if recording.started_at is None else recording.started_at + recording.length
