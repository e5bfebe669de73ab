"""What frames and cues cost a Qwen3-VL model in tokens, and how frames pair up in its eyes. Pure.

Source: the video processor of Qwen3-VL as served by vLLM: patches of 16, merged by two, two frames to a temporal patch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from videoqa.media import Cue

GRID = 32
PAIR_MARKERS = 2
VIDEO_MARKERS = 2


def tokens_of_pair(size: tuple[int, int]) -> int:
    """Vision tokens of two frames of ``size`` (width, height in pixels), each side rounded to the model's grid."""
    width, height = size
    return max(1, round(height / GRID)) * max(1, round(width / GRID))


def tokens_of_stamp(pts: timedelta) -> int:
    """Tokens of ``<12.5 seconds>`` to a tokeniser that splits numbers into digits."""
    return len(f"{pts.total_seconds():.1f}") + 3


def tokens_of_text(text: str) -> int:
    """An estimate on the safe side: three letters, or one digit, sign or character beyond ASCII, to a token."""
    letters = sum(char.isascii() and (char.isalpha() or char == " ") for char in text)
    return math.ceil(letters / 3) + math.ceil(1.5 * (len(text) - letters))


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
        reserved: tokens left free in it for the question and the reply.
        longest_edge: the server's cap on frames * height * width of one video, beyond which it shrinks every frame;
            a 2048th of it is also the size of its encoder cache in tokens, beyond which it refuses.
        within: the longest time between the two frames of a pair.
        stamp: tokens of a pair's time stamp.
        text: tokens of a line of text.
    """

    context: int = 262_144
    reserved: int = 2_048
    longest_edge: int = 268_435_456
    within: timedelta = timedelta(seconds=2)
    stamp: Callable[[timedelta], int] = tokens_of_stamp
    text: Callable[[str], int] = tokens_of_text

    @property
    def tokens(self) -> int:
        return self.context - self.reserved

    @property
    def vision_tokens(self) -> int:
        return self.longest_edge // (2 * GRID * GRID)

    def cost(self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int]) -> int:
        """Prompt tokens of the frames at ``times`` and of ``cues``."""
        shown = pairs(times, self.within)
        stamps = sum(self.stamp((first + second) / 2) for first, second in shown)
        vision = len(shown) * (tokens_of_pair(size) + PAIR_MARKERS) + stamps
        return vision + VIDEO_MARKERS * bool(shown) + sum(map(self.cost_of_cue, cues))

    def cost_of_cue(self, cue: Cue) -> int:
        """Prompt tokens of ``cue``: its start as a stamp, its words, the end of the line."""
        return self.stamp(cue.span.start) + self.text(cue.text) + 1


class TokenRoom:
    """What is left of a budget while a group is filled from left to right."""

    def __init__(self, budget: Budget, size: tuple[int, int]) -> None:
        self._budget = budget
        self._pair = tokens_of_pair(size)
        self._left = budget.tokens - VIDEO_MARKERS
        self._vision_left = budget.vision_tokens
        self._waiting: timedelta | None = None

    def takes_frame(self, pts: timedelta) -> bool:
        """True, and the frame is in, where there is room for it. Frames come in the order of their pts."""
        stamp = self._budget.stamp
        if self._waiting is not None and pts - self._waiting <= self._budget.within:
            more = stamp((self._waiting + pts) / 2) - stamp(self._waiting)
            if more > self._left:
                return False
            self._left -= more
            self._waiting = None
            return True
        cost = self._pair + PAIR_MARKERS + stamp(pts)
        if cost > self._left or self._pair > self._vision_left:
            return False
        self._left -= cost
        self._vision_left -= self._pair
        self._waiting = pts
        return True

    def takes_cue(self, cue: Cue) -> bool:
        """True, and the cue is in, where there is room for it."""
        cost = self._budget.cost_of_cue(cue)
        if cost > self._left:
            return False
        self._left -= cost
        return True
