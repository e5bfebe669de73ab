"""From scored passages to the stretches of footage they speak of. Pure.

Passages of one kind overlap, so each second of footage takes the mean score of those that cover it: a second that all
of them speak of stands above one at the edge of a good passage. A moment is a peak of that curve, as far to both sides
as the curve stays near the peak.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from videoqa.events import Passage, Source
from videoqa.media import Span

NEAR_PEAK = 0.45
"""A moment reaches to where the curve falls below this share of its peak, both over the middle score."""
LONGEST = timedelta(seconds=90)
APART = timedelta(seconds=15)
"""Two moments of one kind lie at least this far apart."""
OVERLAPS = 4
"""How many windows over what is said cover a second of it."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage and its score, in standard deviations."""

    passage: Passage
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Peak:
    """A stretch that passages speak of, and these, the best first. ``score`` is the height of the curve."""

    recording_id: str
    title: str
    span: Span
    score: float
    passages: tuple[Scored, ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(dict.fromkeys(scored.passage.source for scored in self.passages))


def peaks(scored: Sequence[Scored], middle: float, limit: int, *, whole: bool) -> tuple[Peak, ...]:
    """At most ``limit`` peaks, the highest first; those of different sources that overlap are one.

    ``middle`` is the score of an ordinary passage. ``whole`` says that ``scored`` is every passage there is; otherwise
    windows that are missing beside one are taken to be ordinary.
    """
    tracks: dict[tuple[str, Source, str | None, Span | None], list[Scored]] = defaultdict(list)
    for each in scored:
        passage = each.passage
        # What a model saw at the same time are different things: none says anything against another.
        alone = passage.span if passage.source is Source.MODEL else None
        tracks[passage.recording_id, passage.source, passage.language, alone].append(each)
    # The curve is nowhere above its best passage, so the tracks that may hold the highest peaks come first.
    best = {key: max(each.score for each in track) for key, track in tracks.items()}
    telling = sorted((key for key in tracks if best[key] > middle), key=lambda key: -best[key])
    found: list[Peak] = []
    done = 0
    while done < len(telling):
        more = telling[done : 2 * done + limit]
        found += (peak for key in more for peak in _peaks_of(tracks[key], middle, limit, whole=whole))
        done += len(more)
        merged = _merged(found, limit)
        if len(merged) == limit and done < len(telling) and best[telling[done]] < merged[-1].score:
            # No peak of the others is among the highest; they may still bear one of these out.
            shown = {peak.recording_id for peak in merged}
            beside = (key for key in telling[done:] if key[0] in shown)
            found += (peak for key in beside for peak in _peaks_of(tracks[key], middle, limit, whole=whole))
            break
    return _merged(found, limit)


def _merged(found: Sequence[Peak], limit: int) -> tuple[Peak, ...]:
    """The highest of ``found``, at most ``limit`` that do not overlap, each with the passages of those it overlaps."""
    merged: list[Peak] = []
    for peak in sorted(found, key=lambda peak: (-peak.score, peak.recording_id, peak.span, peak.sources)):
        place = next((number for number, other in enumerate(merged) if _meet(peak, other)), None)
        if place is not None:
            merged[place] = replace(merged[place], passages=merged[place].passages + peak.passages)
        elif len(merged) < limit:
            merged.append(peak)
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class _Step:
    """A stretch of the curve, as long as the same passages cover it."""

    span: Span
    height: float


def _peaks_of(track: Sequence[Scored], middle: float, limit: int, *, whole: bool) -> list[Peak]:
    spoken = track[0].passage.source in (Source.SUBTITLE, Source.SPEECH)
    steps = _curve(track, middle, 1 if whole or not spoken else OVERLAPS)
    taken = [False] * len(steps)
    found: list[Peak] = []
    for place in sorted(range(len(steps)), key=lambda number: (-steps[number].height, number)):
        if len(found) == limit or steps[place].height <= middle:
            break
        if taken[place]:
            continue
        first, last = _reach(steps, taken, place, middle)
        span = steps[first].span.union(steps[last].span)
        for number, step in enumerate(steps):
            taken[number] = taken[number] or step.span.touches(span, APART)
        bearing = sorted((each for each in track if each.passage.span.overlaps(span)), key=lambda each: -each.score)
        best = bearing[0]
        found.append(Peak(best.passage.recording_id, best.title, span, steps[place].height, tuple(bearing)))
    return found


def _curve(track: Sequence[Scored], middle: float, depth: int) -> list[_Step]:
    """The mean score at each time, at least ``depth`` passages deep; times that no passage covers are left out."""
    edges = sorted({edge for each in track for edge in (each.passage.span.start, each.passage.span.end)})
    opening: dict[timedelta, list[Scored]] = defaultdict(list)
    for each in track:
        opening[each.passage.span.start].append(each)
    covering: list[Scored] = []
    steps: list[_Step] = []
    for start, end in itertools.pairwise(edges):
        covering = [each for each in covering if each.passage.span.end > start] + opening[start]
        if covering:
            missing = max(depth - len(covering), 0)
            total = sum(each.score for each in covering) + missing * middle
            steps.append(_Step(Span(start, end), total / (len(covering) + missing)))
    return steps


def _reach(steps: Sequence[_Step], taken: Sequence[bool], place: int, middle: float) -> tuple[int, int]:
    """The first and the last step of the moment around the peak at ``place``."""
    enough = middle + NEAR_PEAK * (steps[place].height - middle)
    first = last = place
    while True:
        sides = []
        if first > 0 and not taken[first - 1] and steps[first - 1].span.end == steps[first].span.start:
            sides.append(first - 1)
        if last + 1 < len(steps) and not taken[last + 1] and steps[last + 1].span.start == steps[last].span.end:
            sides.append(last + 1)
        sides = [side for side in sides if steps[side].height >= enough]
        if not sides:
            return first, last
        side = max(sides, key=lambda number: steps[number].height)
        if (
            max(steps[last].span.end, steps[side].span.end) - min(steps[first].span.start, steps[side].span.start)
            > LONGEST
        ):
            return first, last
        first, last = min(first, side), max(last, side)


def _meet(peak: Peak, other: Peak) -> bool:
    return peak.recording_id == other.recording_id and peak.span.overlaps(other.span)
