"""What is new before a camera, for those who watch it live."""

from __future__ import annotations

from datetime import timedelta

import cv2
import numpy as np

from ingest.gating import Gate
from videoqa.media import Frame
from videoqa.ports import Change


class LiveScenery:
    """Implements the port ``Scenery`` with the gate that decides what of recorded footage is looked at.

    Args:
        period: the time from one frame to the next.
    """

    def __init__(self, period: timedelta) -> None:
        self._gate = Gate(period)

    def change(self, frame: Frame) -> Change:
        picture = frame.picture
        pixels = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
        luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        admitted = self._gate.admits(luma, frame.pts)
        news, moving = self._gate.news, self._gate.moving
        rows, columns = news.shape
        return Change(rows, columns, news.tobytes(), moving.tobytes(), admitted)
