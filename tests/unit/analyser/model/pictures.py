"""Frames for tests of what is sent: one small JPEG a time, and a group of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import cv2
import numpy as np

from videoqa.media import Cue, FrameGroup, Span

SECOND = timedelta(seconds=1)


class Drawn:
    """Plain pictures of ``size``, each of another grey; the port ``Pictures``."""

    def __init__(self, size: tuple[int, int] = (64, 64)) -> None:
        self._size = size

    def jpeg(self, pts: timedelta) -> bytes:
        width, height = self._size
        grey = np.full((height, width, 3), int(pts.total_seconds() * 10) % 256, np.uint8)
        return cv2.imencode(".jpg", grey)[1].tobytes()


def at(*seconds: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=each) for each in seconds)


def cue(start: float, end: float, text: str) -> Cue:
    return Cue(Span(*at(start, end)), text)


def group(times: Sequence[float], *cues: Cue, number: int = 0) -> FrameGroup:
    """A group of frames at ``times``, in seconds, that ends a second behind the last of them."""
    starts = [*at(*times), *(cue.span.start for cue in cues)]
    return FrameGroup(number, Span(min(starts), max(starts) + SECOND), at(*times), cues)
