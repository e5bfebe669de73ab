"""Pictures of a yard for those who watch one: noise, a textured ground, and a white box that somebody drives about."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from videoqa.alerts import AlertRule
from videoqa.media import Frame, Picture
from videoqa.ports import LiveFrame, Looked, Sentry

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WIDTH, HEIGHT = 320, 180
Pixels = NDArray[np.uint8]
WHITE = (255, 255, 255)


class Yard:
    """Gives a picture a second. The same seed gives the same pictures."""

    def __init__(self, seed: int = 7, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
        self._noise = np.random.default_rng(seed)
        width, height = size
        blocks = self._noise.integers(60, 170, (height // 10, width // 10, 3))
        self.ground: Pixels = blocks.repeat(10, 0).repeat(10, 1).astype(np.uint8)
        self.second = 0

    def frame(self, box: tuple[int, int, int, int] | None = None, colour: tuple[int, int, int] = WHITE) -> LiveFrame:
        """The next one, with a box at (left, top, right, bottom) pixels."""
        pixels = self.ground.astype(np.int16) + self._noise.integers(-2, 3, self.ground.shape)
        shown = np.clip(pixels, 0, 250).astype(np.uint8)
        if box is not None:
            left, top, right, bottom = box
            shown[top:bottom, left:right] = colour
        return self.of(shown)

    def of(self, pixels: Pixels) -> LiveFrame:
        """The next one, as it is given."""
        height, width = pixels.shape[:2]
        pts = timedelta(seconds=self.second)
        self.second += 1
        return LiveFrame(Frame(pts, Picture(width, height, pixels.tobytes())), START + pts)

    def empty(self, seconds: int) -> list[LiveFrame]:
        return [self.frame() for _ in range(seconds)]

    def drive(
        self, seconds: int, start: int = 10, step: int = 25, top: int = 80, colour: tuple[int, int, int] = WHITE
    ) -> list[LiveFrame]:
        """A box of 40 by 40 pixels goes right by ``step`` pixels a second, or left where that is below 0."""
        lefts = (start + step * second for second in range(seconds))
        return [self.frame((left, top, left + 40, top + 40), colour) for left in lefts]


def seen(sentry: Sentry, frames: Iterable[LiveFrame], rules: Collection[AlertRule]) -> list[Looked]:
    return [sentry.look(live, rules) for live in frames]
