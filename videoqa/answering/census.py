"""What an answer says of many recordings together."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from videoqa.answering.gaps import Gaps
from videoqa.answers import WallClock
from videoqa.media import UNHEARD, ZERO, Coverage, CoverageState, Recording, RecordingState, Span
from videoqa.ports import AnalysisKind, Archive
from videoqa.times import SECOND, clock

LASTS = 30.0
"""Seconds after which many recordings are counted anew: it takes longer than the answer that says so."""
UNJUDGED = (
    "{} of what cameras recorded was not looked at for every rule, for want of a model or of time, "
    "or may not have been, since videoqa was killed: "
    "where there is no alert, it may be that nobody looked."
)
_KEPT = 16
_MOST_NAMES = 3
_ON_ITS_WAY = frozenset({RecordingState.QUEUED, RecordingState.INDEXING})


@dataclass(frozen=True, slots=True)
class Count:
    """How much of recordings was looked at, and what could not be done for an answer from them."""

    coverage: Coverage
    notes: tuple[str, ...]


class Census:
    """Counts recordings, and remembers for a while what that came to. ``gaps`` is None where there are no cameras."""

    def __init__(self, archive: Archive, gaps: Gaps | None) -> None:
        self._archive = archive
        self._gaps = gaps
        self._counted: OrderedDict[frozenset[str] | None, tuple[float, Count]] = OrderedDict()

    def of(self, asked: Sequence[Recording], stretch: WallClock | None = None, cameras: Collection[str] = ()) -> Count:
        """Counts ``asked`` now, as far as they lie in ``stretch``, and what the ``cameras`` have no footage of then."""
        if stretch is not None:
            asked = tuple(recording for recording in asked if reaches(recording, stretch))
        ended = over(asked)
        coverage = self.coverage(ended, stretch)
        notes = (*unknown(asked), *self._unjudged(ended, stretch))
        if stretch is None or self._gaps is None:
            return Count(coverage, notes)
        missing = self._gaps.within(stretch, cameras, {recording.camera for recording in asked})
        return Count(_with(coverage, missing.length), (*missing.notes, *notes))

    def coverage(
        self, ended: Sequence[Recording], stretch: WallClock | None, kind: AnalysisKind = AnalysisKind.SIGNALS
    ) -> Coverage:
        """The coverages of ``ended`` added up, as far as they lie in ``stretch``."""
        parts = {recording.id: part_in(recording, stretch) for recording in ended}
        whole = [recording.id for recording in ended if parts[recording.id] == _whole(recording)]
        total = self._archive.total_coverage(whole, kind)
        cut = {name: part for name, part in parts.items() if part is not None}
        for name in whole:
            cut.pop(name, None)
        if not cut:
            return total
        known = self._archive.coverages(cut, kind)
        length, totals = total.length, {state: total.total(state) for state in CoverageState}
        for name, part in cut.items():
            length += part.length
            for covered in known[name].spans if name in known else ():
                if (inside := covered.span.intersection(part)) is not None:
                    totals[covered.state] += inside.length
        return Coverage.of_totals(length, totals)

    def among(self, ids: frozenset[str] | None) -> Count:
        """The recordings with these ids (None: all) as they stood at most ``LASTS`` seconds ago."""
        counted = self._counted.get(ids)
        if counted is not None and time.monotonic() - counted[0] < LASTS:
            return counted[1]
        known = self._archive.recordings()
        count = self.of(known if ids is None else [recording for recording in known if recording.id in ids])
        self._counted[ids] = time.monotonic(), count
        while len(self._counted) > _KEPT:
            self._counted.popitem(last=False)
        return count

    def _unjudged(self, ended: Sequence[Recording], stretch: WallClock | None) -> tuple[str, ...]:
        """A note on what nobody looked at for rules: that there is no alert says nothing of it."""
        of_cameras = [recording for recording in ended if recording.camera]
        if not of_cameras:
            return ()
        missed = self.coverage(of_cameras, stretch, AnalysisKind.RULES).total(CoverageState.DROPPED)
        return (UNJUDGED.format(clock(missed)),) if missed >= SECOND else ()


def over(asked: Sequence[Recording]) -> tuple[Recording, ...]:
    """Those of ``asked`` that are whole: of what is under way nothing can have been looked at for an answer yet."""
    return tuple(recording for recording in asked if recording.state is not RecordingState.RECORDING)


def reaches(recording: Recording, stretch: WallClock) -> bool:
    """True where any of ``recording`` lies in ``stretch``, or may: how long it is, or when it began, can come to be
    known when it is indexed.
    """
    if recording.length <= ZERO or recording.state is RecordingState.RECORDING:
        return recording.started_at is None or recording.started_at < stretch.end
    return part_in(recording, stretch) is not None


def part_in(recording: Recording, stretch: WallClock | None) -> Span | None:
    """What of ``recording`` lies in ``stretch``; None where nothing does, or where its wall clock is unknown."""
    whole = _whole(recording)
    if stretch is None or whole is None:
        return whole
    began = recording.started_at
    if began is None or stretch.end <= began or stretch.start >= began + recording.length:
        return None
    return Span(max(stretch.start - began, ZERO), min(stretch.end - began, recording.length))


def unknown(asked: Sequence[Recording]) -> tuple[str, ...]:
    """Notes on what of ``asked`` would be looked for in vain: what is under way, not indexed yet, not listened to."""
    live = sorted({each.camera or each.title for each in asked if each.state is RecordingState.RECORDING})
    coming = sum(recording.state in _ON_ITS_WAY for recording in asked)
    unheard = sum(any(problem.startswith(UNHEARD) for problem in recording.problems) for recording in asked)
    notes = (
        (coming, "{} of {} recordings are still being indexed; what is in them may be missing here."),
        (unheard, "What is said in {} of {} recordings was not transcribed."),
    )
    told = tuple(note.format(number, len(asked)) for number, note in notes if number)
    return (_under_way(live), *told) if live else told


def _whole(recording: Recording) -> Span | None:
    return Span(ZERO, recording.length) if recording.length > ZERO else None


def _with(coverage: Coverage, missing: timedelta) -> Coverage:
    """``coverage``, and ``missing`` of which there is no footage."""
    totals = {state: coverage.total(state) for state in CoverageState}
    totals[CoverageState.GAP] += missing
    return Coverage.of_totals(coverage.length + missing, totals)


def _under_way(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is being recorded; its last minutes are searchable when the recording ends."
    shown = ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} cameras"
    return f"{shown} are being recorded; their last minutes are searchable when each recording ends."
