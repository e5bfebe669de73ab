"""Tells how much of the text of one picture another one has lost, and where pictures change all the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from videoqa.analyser.sight import BLOCK, Sight

NEIGHBOURHOOD = (25, 9)
FEW = np.uint8(13)
REST = 0.1
CHANGED = 0.3
CALM = 0.5
AGAIN = 3
OFTEN = 0.34


@dataclass(frozen=True, slots=True)
class Loss:
    """What of a picture's text is gone in another: for every 16x16 block, of the ``most`` that could be, ``gone``
    (means over the block, float32 from 0 to 255).

    This is the exiting half of the edge change ratio (Zabih and others 1995), less what would meet if the other
    picture's edges stood anywhere in their neighbourhood: two slides of one design have lines in the same places.
    """

    gone: NDArray[np.float32]
    most: NDArray[np.float32]

    def share(self, but: NDArray[np.bool_] | None = None) -> float:
        """0 where the text is still there, 1 where it is gone; blocks ``but`` are left out where others remain."""
        whole = float(self.most.sum())
        if whole == 0:
            return 0.0
        if but is not None and but.shape == self.most.shape:
            rest = float(self.most[~but].sum())
            if rest >= REST * whole:
                return float(self.gone[~but].sum()) / rest
        return float(self.gone.sum()) / whole


def loss(before: Sight, now: Sight) -> Loss:
    if before.shape != now.shape:
        everything = np.ones_like(before.lines, np.float32)
        return Loss(everything, everything)
    edges = before.text_mask() * np.uint8(255)
    near = spread(now.mask()) * np.uint8(255)
    by_chance = cv2.blur(near, NEIGHBOURHOOD).astype(np.uint8, copy=False)
    return Loss(_blocks(edges & ~near), _blocks(cv2.multiply(edges, np.maximum(~by_chance, FEW), scale=1 / 255)))


def restless(losses: Sequence[Loss]) -> NDArray[np.bool_] | None:
    """The blocks whose edges change again and again while the rest of the picture stays: a speaker beside a slide.

    ``losses`` are those from each frame to the next. None where there are too few to tell.
    """
    shapes = {pair.most.shape for pair in losses}
    if len(losses) < AGAIN or len(shapes) > 1:
        return None
    changed = np.zeros(shapes.pop(), np.int32)
    seen = np.zeros_like(changed)
    for pair in losses:
        if pair.share() < CALM:
            seen += pair.most > 0
            changed += pair.gone > CHANGED * np.maximum(pair.most, np.float32(2))
    again = (changed >= AGAIN) & (changed >= OFTEN * seen)
    return cv2.dilate(again.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


def spread(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``mask`` and the pixels beside it."""
    return cv2.dilate(mask, np.ones((3, 3), np.uint8)).astype(np.uint8, copy=False)


def _blocks(values: cv2.typing.MatLike) -> NDArray[np.float32]:
    """The means of ``values`` over 16x16 blocks, shaped as ``Sight.lines``."""
    height, width = values.shape[:2]
    grid = (max(1, width // BLOCK), max(1, height // BLOCK))
    return cv2.resize(values, grid, interpolation=cv2.INTER_AREA).astype(np.float32)
