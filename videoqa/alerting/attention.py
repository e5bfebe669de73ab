"""What of a recording under way was looked at for rules. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from videoqa.alerting.causes import kept
from videoqa.media import CoverageState, CoveredSpan, Span
from videoqa.ports import LookedAway

_Why = tuple[str, tuple[str, ...]]
"""A cause, and the rules that it is one for."""


class Attention:
    """Adds up looks, each of which stands for ``period`` of footage from its frame on."""

    def __init__(self, period: timedelta) -> None:
        self._period = period
        self._spans: list[CoveredSpan] = []

    def at(self, pts: timedelta) -> None:
        """A frame was looked at. Frames come in the order of their times."""
        last = self._spans[-1] if self._spans else None
        # A look comes when the decoder has a picture, not on the stroke.
        if last is None or pts - last.span.end > self._period / 2:
            self._spans.append(CoveredSpan(Span(pts, pts + self._period), CoverageState.ANALYSED, 1))
            return
        span = Span(last.span.start, max(pts + self._period, last.span.end))
        self._spans[-1] = CoveredSpan(span, CoverageState.ANALYSED, last.frames + 1)

    def spans(self, length: timedelta, away: Iterable[LookedAway] = ()) -> tuple[CoveredSpan, ...]:
        """Those within ``length``; what was looked away from for any rule is dropped, for a cause with its id."""
        missed = _missed(away, self._period / 2)
        seen = [part for covered in self._spans for part in _without(covered, [each.span for each in missed])]
        within = (_cut(covered, length) for covered in sorted([*seen, *missed], key=lambda covered: covered.span))
        return tuple(covered for covered in within if covered is not None)


def _missed(away: Iterable[LookedAway], within: timedelta) -> list[CoveredSpan]:
    """What was looked away from, each stretch with all its causes; those of a kind that lie ``within`` are joined."""
    alike: dict[_Why, list[Span]] = {}
    for each in away:
        alike.setdefault((each.cause, each.rules), []).append(each.span)
    edges = [
        (at, begins, why)
        for why, spans in alike.items()
        for span in _joined(spans, within)
        for at, begins in ((span.start, 1), (span.end, -1))
    ]
    missed: list[CoveredSpan] = []
    lasting, since = Counter[_Why](), timedelta(0)
    for at, begins, why in sorted(edges):
        if +lasting and since < at:
            missed.append(CoveredSpan(Span(since, at), CoverageState.DROPPED, cause=kept(+lasting)))
        lasting[why] += begins
        since = at
    return missed


def _joined(spans: Iterable[Span], within: timedelta) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and joined[-1].touches(span, within):
            joined[-1] = joined[-1].union(span)
        else:
            joined.append(span)
    return joined


def _without(covered: CoveredSpan, holes: Iterable[Span]) -> list[CoveredSpan]:
    left, start = list[CoveredSpan](), covered.span.start
    whole = covered.span.length
    for hole in (*holes, None):
        end = covered.span.end if hole is None else min(hole.start, covered.span.end)
        if start < end:
            frames = round(covered.frames * ((end - start) / whole))
            left.append(CoveredSpan(Span(start, end), covered.state, frames))
        if hole is not None:
            start = max(start, hole.end)
    return left


def _cut(covered: CoveredSpan, length: timedelta) -> CoveredSpan | None:
    span = covered.span.intersection(Span(timedelta(0), length)) if length else None
    return None if span is None else replace(covered, span=span)
