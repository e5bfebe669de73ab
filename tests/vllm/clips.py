"""Clips of plain pictures at any times and of any size, each picture a grey of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import cv2
import numpy as np

from videoqa.analyser.budget import pairs
from videoqa.analyser.model.exchange import Clip

WITHIN = timedelta(seconds=2)


class Plain:
    """Pictures of ``size``. Implements ``Pictures``; those of another ``shade`` are other pictures."""

    def __init__(self, size: tuple[int, int], shade: int = 0) -> None:
        self._size = size
        self._shade = shade

    def jpeg(self, pts: timedelta) -> bytes:
        width, height = self._size
        grey = (pts // timedelta(milliseconds=1) * 7 + self._shade * 31) % 256
        picture = np.full((height, width, 3), (grey, self._shade % 256, 255 - grey), np.uint8)
        return cv2.imencode(".jpg", picture)[1].tobytes()


def clip(times: Iterable[timedelta], size: tuple[int, int] = (64, 64), shade: int = 0) -> Clip:
    """The frames at ``times``, paired as the product pairs them."""
    return Clip(pairs(sorted(times), WITHIN), Plain(size, shade).jpeg, size)


def every(seconds: float, count: int, start: float = 0.0) -> list[timedelta]:
    return [timedelta(seconds=start + seconds * number) for number in range(count)]
