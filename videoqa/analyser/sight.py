"""One picture as the signals see it: coarse brightness, where its edges are, and whether it looks like a slide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from videoqa.events import Region

CELL = 8
BLOCK = 16
FLAT = 6
SHARP = 40


@dataclass(frozen=True, slots=True)
class Sight:
    """What is kept of a frame while its group is analysed.

    ``cells`` is the mean brightness of every 8x8 cell, uint8 of shape (height // 8, width // 8). ``edges`` are its
    sharp edges, one bit a pixel, each row padded to whole bytes; ``shape`` is the picture's height and width.
    ``lines`` is 1 for every 16x16 block in or beside a line of text, uint8 of shape (height // 16, width // 16);
    ``text`` is the share of the picture that looks like lines of text, ``sharpness`` the
    share of its edges that are sharp: drawn pictures have little between flat and sharp, photographed ones a lot.
    """

    pts: timedelta
    cells: NDArray[np.uint8]
    edges: NDArray[np.uint8]
    shape: tuple[int, int]
    lines: NDArray[np.uint8]
    text: float
    sharpness: float

    @property
    def like_slide(self) -> bool:
        return self.text >= 0.1 or (self.text >= 0.003 and self.sharpness >= 0.35)

    def mask(self, region: Region | None = None) -> NDArray[np.uint8]:
        """The edges as bytes of 0 and 1, of the whole picture or of ``region``."""
        bits = np.unpackbits(self.edges, axis=1, count=self.shape[1])
        if region is None:
            return bits
        height, width = self.shape
        rows = slice(int(region.top * height), max(int(region.bottom * height), int(region.top * height) + 1))
        columns = slice(int(region.left * width), max(int(region.right * width), int(region.left * width) + 1))
        return bits[rows, columns]

    def text_mask(self) -> NDArray[np.uint8]:
        """The edges of what may be text, as ``mask`` gives them."""
        height, width = self.shape
        near = cv2.resize(self.lines, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        return self.mask() & near


def see(jpeg: bytes, pts: timedelta) -> Sight:
    """The picture ``jpeg``, shown at ``pts``, as a ``Sight``."""
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if decoded is None:
        raise ValueError("not a JPEG picture")
    luma = decoded.astype(np.uint8, copy=False)
    height, width = luma.shape
    across = np.zeros_like(luma)
    cv2.absdiff(luma[:, 1:], luma[:, :-1], across[:, 1:])
    down = np.zeros_like(luma)
    cv2.absdiff(luma[1:], luma[:-1], down[1:])
    steepest = np.maximum(across, down)
    sharp = _bytes(steepest >= SHARP)
    uneven = _bytes(steepest > FLAT)
    grid = (max(1, width // BLOCK), max(1, height // BLOCK))
    flat = _shares(~uneven, grid)
    stroked = _shares(_bytes(across >= SHARP), grid)
    lines = _runs((stroked > 0.06) & (flat > 0.25))
    text = float(lines.mean())
    near = cv2.dilate(lines.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.uint8)
    cells = cv2.resize(luma, (max(1, width // CELL), max(1, height // CELL)), interpolation=cv2.INTER_AREA)
    sharpness = float(cv2.countNonZero(sharp)) / max(1, cv2.countNonZero(uneven))
    return Sight(
        pts, cells.astype(np.uint8, copy=False), np.packbits(sharp, axis=1), (height, width), near, text, sharpness
    )


def _bytes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """255 where ``mask`` is True, 0 elsewhere."""
    return np.negative(mask.view(np.uint8))


def _shares(mask: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.float32]:
    """The share of set pixels in every block of ``grid`` (columns, rows)."""
    return cv2.resize(mask, grid, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)


def _runs(blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only the blocks that stand in a row of three or more, as letters do."""
    run = np.zeros_like(blocks)
    if blocks.shape[1] >= 3:
        three = blocks[:, :-2] & blocks[:, 1:-1] & blocks[:, 2:]
        run[:, :-2] |= three
        run[:, 1:-1] |= three
        run[:, 2:] |= three
    return run
