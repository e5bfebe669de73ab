"""What cameras recorded and nobody looked at for some rule, by the wall clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from videoqa.media import CoverageState, Recording
from videoqa.ports import AnalysisKind, Archive

_SEAM = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A stretch that nobody looked at for the rules that ``cause`` names: an alert may be missing there."""

    start: datetime
    end: datetime
    cause: str


def unjudged(archive: Archive, recordings: Iterable[Recording]) -> tuple[Unjudged, ...]:
    """Of ``recordings`` of one camera, in order; what goes on over their seams is one stretch.

    Of those under way nothing is known yet.
    """
    began = {each.id: each.started_at for each in recordings if each.started_at is not None}
    coverages = archive.coverages(began, AnalysisKind.RULES)
    found = sorted(
        (began[name] + covered.span.start, began[name] + covered.span.end, covered.cause)
        for name, coverage in coverages.items()
        for covered in coverage.spans
        if covered.state is CoverageState.DROPPED
    )
    joined: list[Unjudged] = []
    for start, end, cause in found:
        if joined and joined[-1].cause == cause and start - joined[-1].end <= _SEAM:
            joined[-1] = replace(joined[-1], end=max(end, joined[-1].end))
        else:
            joined.append(Unjudged(start, end, cause))
    return tuple(joined)
