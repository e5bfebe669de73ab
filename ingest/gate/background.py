"""What the empty scene looks like, and how much of it changes without meaning anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""One value for each place of the scene, shape (height, width)."""
Mask = NDArray[np.bool_]

BLACK = 4.0
"""Added before brightness is compared as a ratio, so that what is black tells nothing of the light."""
TILE = 16
"""The light is judged by tiles of so many places to a side."""
QUIET_SHARE = 0.7
"""A place's noise is the change that it stays below in this share of the frames: what passes now and then adds none."""
LOUDER = 3.5
"""News is that many times as loud as the noise."""
FAINTEST = 6.0
"""News is at least so many grey levels, however quiet the place."""
RESTLESS_AT_MOST = 3.0
LEAST_NOISE, FIRST_NOISE, MOST_NOISE = 0.5, 1.2, 60.0
LEARNING_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """A frame beside the empty scene.

    ``expected`` is the empty scene in the frame's light, ``change`` how many grey levels the frame differs from it,
    ``strength`` the same in units of what would be news. ``restless`` is how much louder than usual the whole frame
    is, 1 to 3; ``relit`` by what share the light has changed.
    """

    expected: Field
    change: Field
    strength: Field
    restless: float
    relit: Field


class Background:
    """Learns the empty scene and the noise of every place from the frames of one recording."""

    def __init__(self, field: Field) -> None:
        self.field = field.copy()
        self.noise = np.full_like(field, FIRST_NOISE)
        self.frames = 0

    def compare(self, field: Field) -> Comparison:
        """How ``field`` differs from the empty scene when the light is allowed for."""
        gain, relit = self._light(field)
        expected = np.asarray((self.field + BLACK) * gain - BLACK, np.float32)
        change = np.abs(box(_beyond_either(field, self.field, expected), 3))
        # Leaves and codec blocks move a little beyond where they were learnt.
        noise = np.maximum(self.noise, 0.8 * spread(self.noise, 5))
        loudness = float(np.quantile(change[::3, ::3] / self.noise[::3, ::3], QUIET_SHARE))
        restless = min(max(loudness, 1.0), RESTLESS_AT_MOST)
        limit = np.maximum(LOUDER * noise * restless, FAINTEST) * (1 + np.clip(20 * (relit - 0.03), 0, 2))
        return Comparison(expected, change, np.asarray(change / limit, np.float32), restless, relit)

    def active(self, field: Field, before: Field, restless: float) -> Mask:
        """Where ``field`` differs from the frame before it by more than noise."""
        step = np.abs(box(field - before, 3))
        return np.asarray(step > 0.7 * np.maximum(LOUDER * self.noise * restless, FAINTEST), np.bool_)

    def follow(self, field: Field, compared: Comparison, foreground: Mask, news: Mask) -> None:
        """Lets the empty scene drift towards ``field``: at once where the light has changed, not where news is."""
        self.frames += 1
        pace = max(0.15, 1 / (self.frames + 1))
        rate = np.maximum(pace, np.minimum(8 * compared.relit, 0.7))
        rate[foreground] = 0.05
        rate[news] = 0.0
        self.field += rate * (field - self.field)

    def absorb(self, field: Field, where: Mask) -> None:
        """Makes what stands at ``where`` part of the empty scene."""
        self.field[where] = field[where]

    def learn_noise(self, compared: Comparison, raised: Mask, kept: Mask, news: Mask) -> None:
        """Follows the noise of each place: up where ``raised``, unchanged where ``kept``, else down.

        The steps are such that it settles on the change's quantile ``QUIET_SHARE``. In the first frames it jumps, so
        that leaves and clocks are known within seconds.
        """
        pace = max(0.25, 1.2 / self.frames)
        up, down = math.exp(pace * QUIET_SHARE), math.exp(-pace * (1 - QUIET_SHARE))
        louder = raised & (compared.change > self.noise * compared.restless)
        steps = np.where(louder, np.float32(up), np.float32(down))
        steps[kept] = 1
        self.noise *= steps
        if self.frames <= LEARNING_FRAMES:
            jumped = np.maximum(self.noise, 0.5 * compared.change)
            self.noise = np.where(news, self.noise, jumped)
        np.clip(self.noise, LEAST_NOISE, MOST_NOISE, out=self.noise)

    def _light(self, field: Field) -> tuple[Field, Field]:
        """The gain of the light at every place, and by what share the light has changed thereabouts.

        A tile's gain is the median over the tile, then over its neighbours: an object smaller than about half of
        five by five tiles does not pass for light.
        """
        height, width = field.shape
        rows, columns = max(1, height // TILE), max(1, width // TILE)
        ratio = (field + BLACK) / (self.field + BLACK)
        small = cv2.resize(ratio, (columns * 4, rows * 4), interpolation=cv2.INTER_AREA)
        tiles = small.reshape(rows, 4, columns, 4).swapaxes(1, 2).reshape(rows, columns, 16)
        gains = np.asarray(cv2.medianBlur(np.median(tiles, axis=2).astype(np.float32), 5), np.float32)
        size = (width, height)
        gain = np.asarray(cv2.resize(gains, size, interpolation=cv2.INTER_LINEAR), np.float32)
        relit = spread(np.abs(gains - 1), 3)
        return gain, np.asarray(cv2.resize(relit, size, interpolation=cv2.INTER_LINEAR), np.float32)


def box(field: Field, side: int) -> Field:
    """The mean over ``side`` by ``side`` places."""
    return np.asarray(cv2.blur(field, (side, side)), np.float32)


def spread(field: Field, side: int) -> Field:
    """The largest value within ``side`` by ``side`` places."""
    return np.asarray(cv2.dilate(field, np.ones((side, side), np.uint8)), np.float32)


def _beyond_either(field: Field, one: Field, other: Field) -> Field:
    """How far ``field`` lies outside the range between ``one`` and ``other``.

    A place whose light changed by half as much as its tile's, or not at all as a burned-in clock, lies between what
    the old light and the new one let expect; only what lies beyond both is change.
    """
    within = np.minimum(np.maximum(field, np.minimum(one, other)), np.maximum(one, other))
    return np.asarray(field - within, np.float32)
