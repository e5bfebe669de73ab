"""Finds burned-in clocks: a digit that changes with every frame, and the line of characters that it stands in."""

from __future__ import annotations

import cv2
import numpy as np

from ingest.background import Field, Mask, box

LOOK_EVERY = 8
"""Frames between two looks; what ticks is known after the second."""
TICKING = 0.5
"""A stroke of the digit of seconds comes or goes in most frames, and by so many grey levels:"""
TICK = 12.0
LOWEST, TALLEST = 3, 16
"""How many places high a digit may be."""
MOST = 3
"""Where more than so many parts of a picture tick they are leaves, or water."""
CHARACTERS_BEFORE = 2.5
"""Minutes stand before seconds: the line begins at least so many heights before the digit."""
CHARACTERS = 16
"""How many times its height the line may go on to either side."""
CLEAR_EDGE = 15.0
"""Grey levels between a character and what is behind it."""


class Overlay:
    """``mask`` is where clocks were found; it only grows."""

    def __init__(self, first: Field) -> None:
        self.mask: Mask = np.zeros(first.shape, np.bool_)
        self._ticking = np.zeros_like(first)
        self._frames = 0

    def observe(self, field: Field, before: Field, scene: Field) -> None:
        """Takes in a frame and the one before it; ``scene`` is the empty scene."""
        self._frames += 1
        ticked = np.abs(box(field - before, 3)) > TICK
        self._ticking += (ticked - self._ticking) / min(self._frames, 12)
        if self._frames % LOOK_EVERY == 0 and self._frames > LOOK_EVERY:
            self._look(scene)

    def _look(self, scene: Field) -> None:
        ticking = (self._ticking > TICKING) & ~self.mask
        joined = cv2.morphologyEx(ticking.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 5), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        if count - 1 > MOST:
            return
        for left, top, width, height, _ in stats[1:].tolist():
            if LOWEST <= height <= TALLEST and width <= 2 * height + 4:
                self._mask_line(scene, left, top, width, height)

    def _mask_line(self, scene: Field, left: int, top: int, width: int, height: int) -> None:
        rows = slice(max(0, top - 2), top + height + 2)
        edges = np.abs(np.diff(scene[rows], axis=1)).max(axis=0) > CLEAR_EDGE
        gap, reach = round(1.3 * height) + 1, CHARACTERS * height
        before = _run(edges[max(0, left - reach) : left][::-1], gap)
        after = _run(edges[left + width : left + width + reach], gap)
        if before >= CHARACTERS_BEFORE * height:
            self.mask[rows, max(0, left - before - 2) : left + width + after + 2] = True


def _run(edges: Mask, gap: int) -> int:
    """How far characters go on: up to the last edge before ``gap`` places without one."""
    last = 0
    for position in np.flatnonzero(edges).tolist():
        if position - last > gap:
            break
        last = position + 1
    return last
