"""What was looked at, and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from api.schemas.refs import RecordingRef
from api.schemas.wire import WireModel, ends, seconds
from videoqa.alerting.causes import named
from videoqa.media import Coverage, CoverageState, CoveredSpan
from videoqa.ports import AnalysisKind


class CoverageBody(WireModel):
    """Seconds of footage and what became of them."""

    length: float
    analysed: float
    static: float
    gap: float
    dropped: float
    failed: float

    @classmethod
    def from_domain(cls, coverage: Coverage) -> Self:
        return cls(
            length=seconds(coverage.length),
            analysed=seconds(coverage.total(CoverageState.ANALYSED)),
            static=seconds(coverage.total(CoverageState.STATIC)),
            gap=seconds(coverage.total(CoverageState.GAP)),
            dropped=seconds(coverage.total(CoverageState.DROPPED)),
            failed=seconds(coverage.total(CoverageState.FAILED)),
        )


class CoveredSpanBody(WireModel):
    start: float
    end: float
    state: CoverageState
    frames: int
    cause: str

    @classmethod
    def from_domain(cls, covered: CoveredSpan, rules: Mapping[str, str]) -> Self:
        """``rules`` are the names of those that are there for the caller, by their ids."""
        start, end = ends(covered.span)
        cause = named(covered.cause, rules)
        return cls(start=start, end=end, state=covered.state, frames=covered.frames, cause=cause)


class CoverageDetails(WireModel):
    """What one kind of analysis looked at."""

    recording: RecordingRef
    kind: AnalysisKind
    coverage: CoverageBody
    spans: tuple[CoveredSpanBody, ...]
