"""What an answer says of many recordings together."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from videoqa.media import UNHEARD, Coverage, CoverageState, Recording, RecordingState
from videoqa.ports import AnalysisKind, Archive
from videoqa.times import SECOND, clock

LASTS = 30.0
"""Seconds after which many recordings are counted anew: it takes longer than the answer that says so."""
UNJUDGED = (
    "{} of what cameras recorded was not looked at for every rule, for want of a model or of time: "
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
    """Counts recordings, and remembers for a while what that came to."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._counted: OrderedDict[frozenset[str] | None, tuple[float, Count]] = OrderedDict()

    def of(self, asked: Sequence[Recording]) -> Count:
        """Counts ``asked`` now."""
        ended = over(asked)
        coverage = self._archive.total_coverage([recording.id for recording in ended])
        return Count(coverage, (*unknown(asked), *self._unjudged(ended)))

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

    def _unjudged(self, ended: Sequence[Recording]) -> tuple[str, ...]:
        """A note on what nobody looked at for rules: that there is no alert says nothing of it."""
        of_cameras = [recording.id for recording in ended if recording.camera]
        if not of_cameras:
            return ()
        missed = self._archive.total_coverage(of_cameras, AnalysisKind.RULES).total(CoverageState.DROPPED)
        return (UNJUDGED.format(clock(missed)),) if missed >= SECOND else ()


def over(asked: Sequence[Recording]) -> tuple[Recording, ...]:
    """Those of ``asked`` that are whole: of what is under way nothing can have been looked at for an answer yet."""
    return tuple(recording for recording in asked if recording.state is not RecordingState.RECORDING)


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


def _under_way(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is being recorded; its last minutes are searchable when the recording ends."
    shown = ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} cameras"
    return f"{shown} are being recorded; their last minutes are searchable when each recording ends."
