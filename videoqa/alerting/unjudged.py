"""What cameras recorded and nobody looked at for some rule, by the wall clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from videoqa.alerting.causes import named
from videoqa.media import CoverageState, Recording
from videoqa.ports import AnalysisKind, Archive

MOST = 2000
"""So many stretches are told of at once."""
_SEAM = timedelta(seconds=1)
_AT_ONCE = 50
"""Recordings; a model that is always late leaves hundreds of stretches in each."""


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A stretch that nobody looked at for the rules that ``cause`` names: an alert may be missing there."""

    start: datetime
    end: datetime
    cause: str


def unjudged(
    archive: Archive,
    recordings: Sequence[Recording],
    names: Mapping[str, str],
    most: int = MOST,
    *,
    before: datetime | None = None,
) -> tuple[Unjudged, ...]:
    """Of ``recordings`` of one camera, the youngest first, the latest ``most`` that begin ``before`` then, in order of
    time; what goes on over their seams is one stretch. ``names`` are those of the rules that are there for whoever
    asks, by their ids.

    Of recordings under way nothing is known yet.
    """
    found: list[Unjudged] = []
    for first in range(0, len(recordings), _AT_ONCE):
        missed = _missed(archive, recordings[first : first + _AT_ONCE], names)
        found = _joined([*(each for each in missed if before is None or each.start < before), *found])
        # The first of them may have begun before: in the recordings that were not read yet.
        if len(found) > most:
            return tuple(found[-most:])
    return tuple(found)


def _missed(archive: Archive, recordings: Sequence[Recording], names: Mapping[str, str]) -> Iterable[Unjudged]:
    began = {each.id: each.started_at for each in recordings if each.started_at is not None}
    coverages = archive.coverages(began, AnalysisKind.RULES, CoverageState.DROPPED)
    found = (
        (began[name] + covered.span.start, began[name] + covered.span.end, named(covered.cause, names))
        for name, coverage in coverages.items()
        for covered in coverage.spans
    )
    return (Unjudged(*each) for each in sorted(found))


def _joined(found: Iterable[Unjudged]) -> list[Unjudged]:
    joined: list[Unjudged] = []
    for each in found:
        if joined and joined[-1].cause == each.cause and each.start - joined[-1].end <= _SEAM:
            joined[-1] = replace(joined[-1], end=max(each.end, joined[-1].end))
        else:
            joined.append(each)
    return joined
