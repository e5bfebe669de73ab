"""Finds slides and when each line of text on them appeared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise, zip_longest

import numpy as np

from videoqa.analyser.change import loss, restless, spread
from videoqa.analyser.ocr import Line
from videoqa.analyser.sight import Sight
from videoqa.events import Observation, Source

NEXT_SLIDE = 0.2
REWRITTEN = 0.45
STANDS = 0.6
MOSTLY = 0.75
AT_ONCE = 8
EACH = timedelta(seconds=10)
A_TRANSITION = timedelta(seconds=1.6)
SPARINGLY = timedelta(seconds=60)
SOME_TEXT = 0.008
ENOUGH_TO_READ = 0.015
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
    def length(self) -> timedelta:
        return (self.until or timedelta.max) - self.start

    @property
    def fullest(self) -> int:
        """The number of the last frame that still has nearly all of the text: a slide fills up before it goes."""
        most = max(sight.text for sight in self.sights)
        return max(number for number, sight in enumerate(self.sights) if sight.text >= 0.9 * most)


def slides(sights: Sequence[Sight]) -> tuple[Shown, ...]:
    """The slides among ``sights`` in order. Ink drawn over a slide and a speaker beside it do not make a new one.

    A frame on its own between two others that come at once after each other is a transition and belongs to what
    comes next. One that looks little like a slide still belongs to the slide before it where nothing of that is lost.
    """
    runs: list[list[Sight]] = []
    texts = [sight for sight in sights if sight.like_slide or sight.text >= SOME_TEXT]
    losses = {now.pts: loss(before, now) for before, now in pairwise(texts)}
    but = restless(tuple(losses.values()))
    for number, sight in enumerate(sights):
        if sight.pts not in losses and not sight.like_slide:
            continue
        follows = number > 0 and bool(runs) and runs[-1][-1] is sights[number - 1]
        # Next to nothing of a slide is gone at once, and not too much of it in time.
        if (
            follows
            and losses[sight.pts].share(but) <= NEXT_SLIDE
            and (len(runs[-1]) == 1 or loss(runs[-1][0], sight).share(but) <= REWRITTEN)
        ):
            runs[-1].append(sight)
        elif sight.like_slide:
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


def screens(sights: Sequence[Sight], shown: Sequence[Shown] = ()) -> tuple[Shown, ...]:
    """Frames that are not of the slides ``shown`` but seem to hold text: where it changed, at most one a minute."""
    found: list[Shown] = []
    slides_of = {sight.pts for slide in shown for sight in slide.sights}
    for sight, after in zip_longest(sights, sights[1:]):
        if sight.like_slide or sight.pts in slides_of or sight.text < ENOUGH_TO_READ:
            continue
        last = found[-1].sights[0] if found else None
        if last is None or (sight.pts - last.pts >= SPARINGLY and loss(last, sight).share() > REWRITTEN):
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
    """The slides and other text among ``sights``; ``read`` gives the text of the frame at a time.

    Reading costs about half a second. Where text rushes by, only the slides that stay longest are read: ``AT_ONCE`` and
    one for every ``EACH`` of footage.
    """
    found: list[Observation] = []
    every = slides(sights)
    most = AT_ONCE + (sights[-1].pts - sights[0].pts) // EACH if sights else 0
    longest = sorted(every, key=lambda shown: shown.length, reverse=True)[:most]
    for shown in sorted(longest, key=lambda shown: shown.start):
        lines = read(shown.sights[shown.fullest].pts)
        found.extend(told(shown, lines, title_of(lines)))
    for shown in screens(sights, every):
        lines = [line for line in read(shown.sights[shown.fullest].pts) if _surely_words(line)]
        found.extend(told(shown, lines, ON_SCREEN))
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


def _surely_words(line: Line) -> bool:
    """True where ``line`` is no railing or foliage that reads like letters."""
    return line.score >= 0.8 and sum(map(str.isalpha, line.text)) >= 3


def _arrivals(shown: Shown, lines: Sequence[Line]) -> list[int]:
    """For each line the number of the frame with which it came up."""
    last = shown.fullest
    marks = [shown.sights[last].mask(line.region) for line in lines]
    stands = np.ones((last + 1, len(lines)), bool)
    for frame, sight in enumerate(shown.sights[:last]):
        near = spread(sight.mask())
        height, width = near.shape
        for number, (line, mark) in enumerate(zip(lines, marks, strict=True)):
            top, left = int(line.region.top * height), int(line.region.left * width)
            there = near[top : top + mark.shape[0], left : left + mark.shape[1]]
            stands[frame, number] = int((mark & there).sum()) >= STANDS * int(mark.sum())
    # A pointer or a block of the codec may hide a line for a moment: it stands from the first frame from which on it
    # is mostly there.
    mostly = np.cumsum(stands[::-1], axis=0)[::-1] >= MOSTLY * np.arange(last + 1, 0, -1)[:, None]
    return [int(number) for number in np.argmax(stands & mostly, axis=0)]
