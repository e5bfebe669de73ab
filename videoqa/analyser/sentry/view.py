"""One frame of a camera as the sentries see it: small, and with what is new in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from videoqa.alerts import Point
from videoqa.events import Region
from videoqa.media import Frame
from videoqa.ports import Change, LiveFrame

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class View:
    """``pixels`` is RGB of the frame's size, ``small`` the same on the grid of ``news`` and ``moving``."""

    live: LiveFrame
    pixels: Pixels
    small: Pixels
    news: Mask
    moving: Mask
    admitted: bool

    @classmethod
    def of(cls, live: LiveFrame, change: Change) -> View:
        grid = (change.rows, change.columns)
        pixels = pixels_of(live.frame)
        small = cv2.resize(pixels, (change.columns, change.rows), interpolation=cv2.INTER_AREA)
        news, moving = (np.frombuffer(mask, np.bool_).reshape(grid) for mask in (change.news, change.moving))
        return cls(live, pixels, small.astype(np.uint8, copy=False), news, moving, change.admitted)

    @property
    def at(self) -> datetime:
        return self.live.taken_at

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.news.shape[0], self.news.shape[1]


def pixels_of(frame: Frame) -> Pixels:
    picture = frame.picture
    return np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)


@lru_cache(maxsize=256)
def mask_of(zone: tuple[Point, ...], grid: tuple[int, int]) -> Mask:
    """The places of a grid (rows, columns) that lie in the polygon ``zone``; all of them where that is empty."""
    rows, columns = grid
    if not zone:
        return np.ones(grid, np.bool_)
    corners = np.array([(x * columns - 0.5, y * rows - 0.5) for x, y in zone])
    filled = np.zeros(grid, np.uint8)
    cv2.fillPoly(filled, [np.round(corners).astype(np.int32)], (1,))
    inside = filled.astype(np.bool_)
    inside.setflags(write=False)
    return inside


def region_of(mask: Mask) -> Region:
    """The smallest part of the picture that holds all places of ``mask``, of which there is one."""
    rows, columns = mask.shape
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Region(float(xs[0]) / columns, float(ys[0]) / rows, float(xs[-1] + 1) / columns, float(ys[-1] + 1) / rows)


def box_of(zone: tuple[Point, ...], margin: float = 0.05) -> Region:
    """The part of the picture around ``zone`` that is shown to whoever looks for something in it."""
    if not zone:
        return Region(0, 0, 1, 1)
    xs, ys = [x for x, _ in zone], [y for _, y in zone]
    return Region(
        max(0.0, min(xs) - margin), max(0.0, min(ys) - margin), min(1.0, max(xs) + margin), min(1.0, max(ys) + margin)
    )


def cut_to(pixels: Pixels, region: Region) -> Pixels:
    """The part ``region`` of a picture."""
    height, width = pixels.shape[:2]
    rows = slice(int(region.top * height), max(int(region.top * height) + 1, round(region.bottom * height)))
    columns = slice(int(region.left * width), max(int(region.left * width) + 1, round(region.right * width)))
    return pixels[rows, columns]
