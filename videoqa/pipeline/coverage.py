"""Tells footage that was looked at from footage that was not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import median_low

from videoqa.media import ZERO, Coverage, CoverageState, CoveredSpan, Cue, Span
from videoqa.ports import Surveyed

_A_MOMENT = timedelta(milliseconds=1)


def covered(
    surveyed: Surveyed, length: timedelta, period: timedelta, cues: Sequence[Cue] = (), failed: Sequence[Span] = ()
) -> Coverage:
    """What became of every stretch of a recording of ``length``.

    An instant speaks for the time until the next one: a picture stands until another takes its place, be it half a
    minute, and what is missing between two is told as unread. The last one speaks for as long as two commonly do, and
    at least for twice the ``period``. Unread stretches and the ``failed`` ones (groups whose analysis failed) win over
    the instants in them.
    Where there is no picture a cue is what was looked at: sound and subtitles are footage too.
    """
    instants = sorted(
        [(pts, CoverageState.ANALYSED) for pts in surveyed.kept]
        + [(pts, CoverageState.STATIC) for pts in surveyed.static]
        + [(pts, CoverageState.DROPPED) for pts in surveyed.dropped]
    )
    usual = median_low(later - earlier for (earlier, _), (later, _) in pairwise(instants)) if instants[1:] else period
    last = length if not instants else min(length, instants[-1][0] + 2 * max(usual, period))
    painted = [CoveredSpan(cue.span, CoverageState.ANALYSED) for cue in cues]
    for number, (pts, state) in enumerate(instants):
        end = min(instants[number + 1][0], length) if number + 1 < len(instants) else last
        if pts < end:
            painted.append(CoveredSpan(Span(pts, end), state, frames=int(state is CoverageState.ANALYSED)))
    for unread in surveyed.unread:
        painted.append(CoveredSpan(unread.span, CoverageState.FAILED if unread.failed else CoverageState.GAP))
    painted.extend(CoveredSpan(span, CoverageState.FAILED) for span in failed)
    return Coverage(length, tuple(_joined(_flattened(painted, length))))


def unseen(surveyed: Surveyed) -> tuple[Span, ...]:
    """The stretches of which nobody saw a picture, rising: those unread, and from each dropped instant to the next."""
    instants = sorted({*surveyed.kept, *surveyed.static, *surveyed.dropped})
    behind = dict(pairwise(instants))
    dropped = [Span(pts, behind.get(pts, pts + _A_MOMENT)) for pts in surveyed.dropped]
    spans: list[Span] = []
    for span in sorted([*dropped, *(unread.span for unread in surveyed.unread)]):
        if spans and span.start <= spans[-1].end:
            spans[-1] = spans[-1].union(span)
        else:
            spans.append(span)
    return tuple(spans)


def total(coverages: Iterable[Coverage]) -> Coverage:
    """The coverages laid end to end, as one."""
    length, spans = ZERO, list[CoveredSpan]()
    for coverage in coverages:
        for item in coverage.spans:
            spans.append(CoveredSpan(Span(item.span.start + length, item.span.end + length), item.state, item.frames))
        length += coverage.length
    return Coverage(length, tuple(_joined(spans)))


def _flattened(painted: Sequence[CoveredSpan], length: timedelta) -> Iterable[CoveredSpan]:
    """The strokes without overlap, the later over the earlier, gaps where there is none."""
    borders = sorted({ZERO, length, *(border for item in painted for border in (item.span.start, item.span.end))})
    borders = [border for border in borders if border <= length]
    begins: dict[timedelta, list[int]] = {}
    ends: dict[timedelta, list[int]] = {}
    for number, item in enumerate(painted):
        begins.setdefault(item.span.start, []).append(number)
        ends.setdefault(item.span.end, []).append(number)
    on_top: set[int] = set()
    for start, end in pairwise(borders):
        on_top.difference_update(ends.get(start, ()))
        on_top.update(begins.get(start, ()))
        if not on_top:
            yield CoveredSpan(Span(start, end), CoverageState.GAP)
            continue
        top = painted[max(on_top)]
        frames = max(painted[number].frames for number in begins.get(start, [max(on_top)])) if start in begins else 0
        yield CoveredSpan(Span(start, end), top.state, frames if top.state is CoverageState.ANALYSED else 0)


def _joined(spans: Iterable[CoveredSpan]) -> Iterable[CoveredSpan]:
    last: CoveredSpan | None = None
    for item in spans:
        if last is not None and last.state is item.state and last.span.end == item.span.start:
            last = CoveredSpan(last.span.union(item.span), item.state, last.frames + item.frames)
            continue
        if last is not None:
            yield last
        last = item
    if last is not None:
        yield last
