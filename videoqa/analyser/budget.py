"""What frames and cues cost a Qwen3-VL model in tokens, and how frames pair up in its eyes. Pure.

Source: the video processor of Qwen3-VL as served by vLLM: patches of 16, merged by two, two frames to a temporal patch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from videoqa.analyser.model.evidence import line_of
from videoqa.media import Cue

GRID = 32
PAIR_MARKERS = 2
VIDEO_MARKERS = 2
SMALLEST_IMAGE = 65_536


def tokens_of_pair(size: tuple[int, int]) -> int:
    """Vision tokens of two frames of ``size`` (width, height in pixels), each side rounded to the model's grid."""
    width, height = size
    return max(1, round(height / GRID)) * max(1, round(width / GRID))


def tokens_of_image(size: tuple[int, int]) -> int:
    """Vision tokens of a picture of ``size`` sent as an image; small ones are enlarged to ``SMALLEST_IMAGE`` pixels."""
    width, height = (max(GRID, GRID * round(side / GRID)) for side in size)
    if width * height < SMALLEST_IMAGE:
        scale = math.sqrt(SMALLEST_IMAGE / (size[0] * size[1]))
        width, height = (GRID * math.ceil(side * scale / GRID) for side in size)
    return width * height // (GRID * GRID)


def tokens_of_stamp(pts: timedelta) -> int:
    """Tokens of ``<12.5 seconds>`` to a tokeniser that splits numbers into digits."""
    return len(f"{pts.total_seconds():.1f}") + 3


def tokens_of_text(text: str) -> int:
    """A bound for words of any language: three small letters to a token, one and a half tokens for any other
    character, four where it takes four bytes. Letters in no order that makes words may take more.
    """
    letters = sum(char.isascii() and (char.islower() or char == " ") for char in text)
    rare = sum(ord(char) > 0xFFFF for char in text)
    return math.ceil(letters / 3) + math.ceil(1.5 * (len(text) - letters - rare)) + 4 * rare


def pairs(times: Sequence[timedelta], within: timedelta) -> tuple[tuple[timedelta, timedelta], ...]:
    """The frames two by two as the model is to be shown them.

    A model sees one stamp a pair, the mean of its two times: where the next frame is more than ``within`` away that
    would be an instant at which nothing was, and a frame is its own partner.
    """
    paired: list[tuple[timedelta, timedelta]] = []
    waiting: timedelta | None = None
    for pts in times:
        if waiting is None:
            waiting = pts
        elif pts - waiting <= within:
            paired.append((waiting, pts))
            waiting = None
        else:
            paired.append((waiting, waiting))
            waiting = pts
    if waiting is not None:
        paired.append((waiting, waiting))
    return tuple(paired)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one request to a model may hold.

    Args:
        context: tokens of the model's context.
        reserved: tokens left free in it for all that is neither frame nor cue: the prompt, the question, the reply.
        longest_edge: the server's cap on frames * height * width of one video, beyond which it shrinks every frame;
            a 2048th of it is also the size of its encoder cache in tokens, beyond which it refuses. A video that fills
            it to the last token is taken.
        within: the longest time between the two frames of a pair.
        stamp: tokens of a pair's time stamp.
        text: tokens of a line of text.
        paired: True where the two frames of a pair share their vision tokens, as in a video. Where frames are sent
            as images each costs its own, and no cap on a video applies.
    """

    context: int = 262_144
    reserved: int = 2_048
    longest_edge: int = 268_435_456
    within: timedelta = timedelta(seconds=2)
    stamp: Callable[[timedelta], int] = tokens_of_stamp
    text: Callable[[str], int] = tokens_of_text
    paired: bool = True

    @property
    def tokens(self) -> int:
        return self.context - self.reserved

    def taking(self, video_tokens: int | None) -> Budget:
        """The same with the largest video that a server tells, in vision tokens; None leaves it as it is."""
        return self if video_tokens is None else replace(self, longest_edge=video_tokens * 2 * GRID * GRID)

    @property
    def vision_tokens(self) -> int:
        """Vision tokens of the largest video."""
        return self.longest_edge // (2 * GRID * GRID)

    def vision(self, shown: Sequence[tuple[timedelta, timedelta]], size: tuple[int, int]) -> int:
        """Vision tokens of the pairs ``shown``, without markers and stamps."""
        if self.paired:
            return len(shown) * tokens_of_pair(size)
        return _images(shown) * tokens_of_image(size)

    def frames(self, shown: Sequence[tuple[timedelta, timedelta]], size: tuple[int, int]) -> int:
        """Prompt tokens of the pairs ``shown``: vision, markers and stamps."""
        stamps = sum(self.stamp((first + second) / 2) for first, second in shown)
        markers = len(shown) * PAIR_MARKERS + VIDEO_MARKERS * bool(shown) if self.paired else 2 * _images(shown)
        return self.vision(shown, size) + markers + stamps

    def cost(self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int]) -> int:
        """Prompt tokens of the frames at ``times`` and of ``cues``."""
        return self.frames(pairs(times, self.within), size) + sum(map(self.cost_of_cue, cues))

    def holds(self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int]) -> bool:
        """True where one request has room for the frames at ``times`` and ``cues``."""
        shown = pairs(times, self.within)
        in_cache = not self.paired or self.vision(shown, size) <= self.vision_tokens
        return in_cache and self.cost(times, cues, size) <= self.tokens

    def cost_of_cue(self, cue: Cue) -> int:
        """Prompt tokens of ``cue``, on a line of its own.

        Lines add up: no token of a tokeniser that splits at line breaks reaches over one.
        """
        return self.text(line_of(cue) + "\n")


class TokenRoom:
    """What is left of a budget while a group is filled from left to right."""

    def __init__(self, budget: Budget, size: tuple[int, int]) -> None:
        self._budget = budget
        self._frame = tokens_of_pair(size) if budget.paired else tokens_of_image(size)
        self._left = budget.tokens - VIDEO_MARKERS * budget.paired
        self._vision_left = budget.vision_tokens if budget.paired else budget.context
        self._waiting: timedelta | None = None

    def takes_frame(self, pts: timedelta) -> bool:
        """True, and the frame is in, where there is room for it. Frames come in the order of their pts."""
        budget, stamp = self._budget, self._budget.stamp
        if self._waiting is not None and pts - self._waiting <= budget.within:
            more = stamp((self._waiting + pts) / 2) - stamp(self._waiting)
            vision = 0 if budget.paired else self._frame + PAIR_MARKERS
            waiting = None
        else:
            more, vision, waiting = stamp(pts), self._frame + PAIR_MARKERS, pts
        if more + vision > self._left or (vision and self._frame > self._vision_left):
            return False
        self._left -= more + vision
        self._vision_left -= self._frame if vision else 0
        self._waiting = waiting
        return True

    def takes_cue(self, cue: Cue) -> bool:
        """True, and the cue is in, where there is room for it."""
        cost = self._budget.cost_of_cue(cue)
        if cost > self._left:
            return False
        self._left -= cost
        return True


def _images(shown: Sequence[tuple[timedelta, timedelta]]) -> int:
    return sum(1 if first == second else 2 for first, second in shown)
