"""Finds slides and when each line of text on them appeared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise, zip_longest

import cv2
import numpy as np
from numpy.typing import NDArray

from videoqa.analyser.ocr import Line
from videoqa.analyser.sight import Sight
from videoqa.events import Observation, Source

NEXT_SLIDE = 0.35
REWRITTEN = 0.55
NEIGHBOURHOOD = (25, 9)
STANDS = 0.6
A_TRANSITION = timedelta(seconds=1.6)
SPARINGLY = timedelta(seconds=60)
SOME_TEXT = 0.008
ON_SCREEN = "text on the screen"


@dataclass(frozen=True, slots=True)
class Shown:
    """Frames that follow one another and show the same slide, perhaps while it grows.

    ``start`` is when it began to come up, ``until`` when the first frame that no longer shows it came, or None.
    """

    sights: tuple[Sight, ...]
    start: timedelta
    until: timedelta | None

    @property
    def fullest(self) -> int:
        """The number of the last frame that still has nearly all of the text: a slide fills up before it goes."""
        most = max(sight.text for sight in self.sights)
        return max(number for number, sight in enumerate(self.sights) if sight.text >= 0.9 * most)


def slides(sights: Sequence[Sight]) -> tuple[Shown, ...]:
    """The slides among ``sights`` in order. Ink drawn over a slide and a speaker beside it do not make a new one.

    A frame on its own between two others that come at once after each other is a transition and belongs to what
    comes next.
    """
    runs: list[list[Sight]] = []
    for number, sight in enumerate(sights):
        follows = number > 0 and bool(runs) and runs[-1][-1] is sights[number - 1]
        if not sight.like_slide:
            continue
        if follows and _lost(runs[-1][-1], sight) <= NEXT_SLIDE and _lost(runs[-1][0], sight) <= REWRITTEN:
            runs[-1].append(sight)
        else:
            runs.append([sight])
    following = {id(sight): after for sight, after in pairwise(sights)}
    found: list[Shown] = []
    started: timedelta | None = None
    for number, run in enumerate(runs):
        after = following.get(id(run[-1]))
        start = started if started is not None else run[0].pts
        started = None
        another = number + 1 < len(runs) and runs[number + 1][0] is after
        if len(run) == 1 and run[0] is not sights[0] and another and after and after.pts - run[0].pts <= A_TRANSITION:
            started = start
            continue
        found.append(Shown(tuple(run), start, after.pts if after else None))
    return tuple(found)


def screens(sights: Sequence[Sight]) -> tuple[Shown, ...]:
    """Frames that are no slides but seem to hold text, a few only: where it changed, and not more than one a minute."""
    found: list[Shown] = []
    for sight, after in zip_longest(sights, sights[1:]):
        if sight.like_slide or sight.text < SOME_TEXT:
            continue
        last = found[-1].sights[0] if found else None
        if last is None or (sight.pts - last.pts >= SPARINGLY and _lost(last, sight) > REWRITTEN):
            found.append(Shown((sight,), sight.pts, after.pts if after else None))
    return tuple(found)


def told(shown: Shown, lines: Sequence[Line], title: str) -> tuple[Observation, ...]:
    """What ``shown`` says: one observation for all the lines that came up together, with ``title`` for a label.

    ``lines`` were read from its fullest frame. A line belongs to the first frame from which on its place looks as it
    does there.
    """
    arrivals: dict[int, list[Line]] = {}
    for line, number in zip(lines, _arrivals(shown, lines), strict=True):
        arrivals.setdefault(number, []).append(line)
    read_at = shown.sights[shown.fullest].pts
    observations = []
    for number in sorted(arrivals):
        text = "\n".join(line.text for line in arrivals[number])
        first = shown.start if number == 0 else shown.sights[number].pts
        observations.append(
            Observation(
                label=title,
                description=text,
                source=Source.SLIDE,
                frames=tuple(sorted({first, shown.sights[number].pts, read_at})),
                confidence=round(sum(line.score for line in arrivals[number]) / len(arrivals[number]), 3),
                identity=digest(text),
                lasts_until=shown.until,
            )
        )
    return tuple(observations)


def observed(sights: Sequence[Sight], read: Callable[[timedelta], Sequence[Line]]) -> tuple[Observation, ...]:
    """The slides and other text among ``sights``; ``read`` gives the text of the frame at a time."""
    found: list[Observation] = []
    for shown in slides(sights):
        lines = read(shown.sights[shown.fullest].pts)
        found.extend(told(shown, lines, title_of(lines)))
    for shown in screens(sights):
        found.extend(told(shown, read(shown.sights[shown.fullest].pts), ON_SCREEN))
    return tuple(found)


def title_of(lines: Sequence[Line]) -> str:
    """The line that stands out: high up, in large letters, and made of words. Empty where there is no line."""

    def weight(line: Line) -> float:
        height = line.region.bottom - line.region.top
        return height * (1.2 - line.region.top) * (sum(char.isalpha() for char in line.text) >= 3)

    return max(lines, key=weight).text if lines else ""


def digest(text: str) -> str:
    """The same for texts of the same letters and digits."""
    return hashlib.sha256("".join(filter(str.isalnum, text.casefold())).encode()).hexdigest()[:16]


def _lost(before: Sight, now: Sight) -> float:
    """The share of ``before``'s edges that ``now`` has none near, 1 where they meet by chance only.

    This is the exiting half of the edge change ratio (Zabih and others 1995), less what would meet if the edges of
    ``now`` stood anywhere in their neighbourhood: two slides of one design have their lines in the same places.
    """
    if before.shape != now.shape:
        return 1.0
    edges = before.mask()
    count = int(edges.sum())
    if not count:
        return 0.0
    spread = _spread(now.mask())
    met = float((edges & spread).sum()) / count
    by_chance = float((edges * cv2.blur(spread.astype(np.float32), NEIGHBOURHOOD)).sum()) / count
    return (1 - met) / max(1 - by_chance, 0.05)


def _spread(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.dilate(mask, np.ones((3, 3), np.uint8)).astype(np.uint8, copy=False)


def _arrivals(shown: Shown, lines: Sequence[Line]) -> list[int]:
    """For each line the number of the frame with which it came up."""
    last = shown.fullest
    full = shown.sights[last]
    marks = [full.mask(line.region) for line in lines]
    counts = [int(mark.sum()) for mark in marks]
    arrived = [last if count else 0 for count in counts]
    waiting = {number for number, count in enumerate(counts) if count}
    for frame in range(last - 1, -1, -1):
        spread = _spread(shown.sights[frame].mask())
        height, width = spread.shape
        for number in tuple(waiting):
            region = lines[number].region
            top, left = int(region.top * height), int(region.left * width)
            mark = marks[number]
            there = spread[top : top + mark.shape[0], left : left + mark.shape[1]]
            if float((mark & there).sum()) / counts[number] < STANDS:
                waiting.discard(number)
            else:
                arrived[number] = frame
        if not waiting:
            break
    return arrived
