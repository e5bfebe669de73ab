"""How long the footage of cameras is kept: by its age, by the room it takes, what shows alerts longer, pins always."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from videoqa.alerting.clock import Belief
from videoqa.cameras import Limits
from videoqa.media import Recording, RecordingState
from videoqa.ports import AlertLog, AnalysisKind, Archive, Pins, RecordingFilter

NOTICES_KEPT = timedelta(days=90)
MOST_A_PASS = 50
"""Recordings that go in one pass: whatever goes wrong, somebody has the time to see it."""
MOST_FOR_ROOM = 5
"""Recordings that go in one pass because the disk is full."""
FRESH = timedelta(hours=1)
_PAGE = 500
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Retention:
    """Forgets what need not be kept. ``remove`` forgets a recording and its file; an alert about it stays.

    ``limits`` are those of all cameras, also of those that were removed: what they recorded is still there.
    ``size_of`` is the bytes that a recording takes, ``lacking`` those that the disk has too few of to go on. Room is
    made for these by cameras that say for how long or in how much room they are kept, and by no others; what shows
    alerts stays, and what is ``FRESH``. ``steady`` gives seconds by a clock that nobody sets: nothing goes by its age
    while the wall clock is not to be believed.
    """

    archive: Archive
    pins: Pins
    log: AlertLog
    limits: Callable[[], Collection[Limits]]
    remove: Callable[[Recording], None]
    size_of: Callable[[Recording], int]
    lacking: Callable[[], int] = lambda: 0
    steady: Callable[[], float] = time.monotonic
    _belief: Belief | None = None
    _with_alerts: set[str] = field(default_factory=set)

    def keep(self, now: datetime) -> int:
        """Forgets of the footage of cameras, and of the alert log, what is over; how many recordings went.

        At most ``MOST_A_PASS`` go: the rest goes with the next call.
        """
        pinned = {pin.recording_id for pin in self.pins.pins()}
        going = islice(self._going(pinned, now), MOST_A_PASS)
        gone = sum(1 for _ in map(self.remove, going))
        if gone:
            _log.info("forgot %d recordings of cameras", gone)
        if gone == MOST_A_PASS:
            _log.warning("more recordings of cameras than %d were to go at once; the others go later", gone)
        return gone

    def _going(self, pinned: Collection[str], now: datetime) -> Iterator[Recording]:
        """What is to go; each one has gone when the next is asked for."""
        believed = self._believes(now)
        bounded = [limits for limits in self.limits() if limits.bounded]
        for limits in bounded:
            if believed:
                yield from self._by_age(limits, pinned, now)
            if limits.keep_bytes:
                yield from self._down_to(limits, pinned)
        if bounded and (lacking := self.lacking()) > 0:
            yield from self._free(lacking, bounded, pinned, now)
        if believed:
            self.log.forget(now - NOTICES_KEPT)

    def _believes(self, now: datetime) -> bool:
        steady = timedelta(seconds=self.steady())
        if self._belief is None:
            self._belief = Belief(now, steady, self._newest())
        believed = self._belief.look(now, steady)
        if not believed:
            _log.warning("the clock has leapt, or is ahead of all footage: nothing goes by its age until it is steady")
        return believed

    def _newest(self) -> datetime | None:
        """The youngest time of day that was written down."""
        recordings = (each.added_at for each in self.archive.page(RecordingFilter(), limit=1))
        notices = (each.at for each in self.log.notices(max(0, self.log.last_seq() - 1)))
        return max((at for at in (*recordings, *notices) if at is not None), default=None)

    def _by_age(self, limits: Limits, pinned: Collection[str], now: datetime) -> Iterator[Recording]:
        if limits.keep is None:
            return
        longer = max(limits.keep, limits.keep_events or limits.keep)
        for recording in self._ended(limits.camera, before=now - limits.keep):
            ended = _ends(recording)
            keep = longer if self._shows_alerts(recording) else limits.keep
            if recording.id not in pinned and ended is not None and ended <= now - keep:
                yield recording

    def _down_to(self, limits: Limits, pinned: Collection[str]) -> Iterator[Recording]:
        """The oldest go first, those that show nothing before those that do; what is under way counts, and stays."""
        recordings = tuple(self._recordings(limits.camera))
        over = sum(map(self.size_of, recordings)) - limits.keep_bytes
        ended = (each for each in recordings if each.state is not RecordingState.RECORDING)
        if over <= 0:
            return
        for recording in sorted(ended, key=lambda each: (self._shows_alerts(each), _age(each))):
            if over <= 0:
                return
            if recording.id not in pinned:
                over -= self.size_of(recording)
                yield recording

    def _free(
        self, lacking: int, bounded: Collection[Limits], pinned: Collection[str], now: datetime
    ) -> Iterator[Recording]:
        """All cameras that are ``bounded`` have the same share of the disk: who takes most gives its oldest first."""
        taken = dict[str, int]()
        waiting = dict[str, list[Recording]]()
        for limits in bounded:
            recordings = sorted(self._ended(limits.camera), key=_age, reverse=True)
            taken[limits.camera] = sum(map(self.size_of, recordings))
            waiting[limits.camera] = [
                each
                for each in recordings
                if each.id not in pinned and _age(each) <= now - FRESH and not self._shows_alerts(each)
            ]
        for _ in range(MOST_FOR_ROOM):
            if lacking <= 0:
                return
            most = max((each for each in waiting if waiting[each]), key=lambda each: taken[each], default=None)
            if most is None:
                _log.warning("the disk is full, and no footage of cameras is old enough and without alerts to go")
                return
            recording = waiting[most].pop()
            size = self.size_of(recording)
            lacking, taken[most] = lacking - size, taken[most] - size
            yield recording

    def _ended(self, camera: str, before: datetime | None = None) -> Iterator[Recording]:
        """Those of ``camera`` that have ended and began ``before`` then."""
        return (each for each in self._recordings(camera, before) if each.state is not RecordingState.RECORDING)

    def _recordings(self, camera: str, before: datetime | None = None) -> Iterator[Recording]:
        """Those of ``camera`` that began ``before`` then."""
        wanted = RecordingFilter(camera=camera, started_before=before)
        found: list[Recording] = []
        while page := self.archive.page(wanted, found[-1].id if found else None, _PAGE):
            found.extend(page)
        yield from found

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


def _age(recording: Recording) -> datetime:
    """When it ended, or else when it was first known."""
    return _ends(recording) or recording.added_at or datetime.min.replace(tzinfo=UTC)
