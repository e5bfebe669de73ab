"""Tells frames that show something new from frames that do not."""

from __future__ import annotations

from datetime import timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

LUMA_LONG_SIDE = 640


class Gate:
    """Holds back the frames of one recording that show nothing new.

    Args:
        period: the time from one frame to the next.
    """

    def __init__(self, period: timedelta) -> None:
        self._period = period
        self._reference: NDArray[np.float32] | None = None

    def admits(self, luma: NDArray[np.uint8], pts: timedelta) -> bool:
        """True where ``luma`` shows something new. Frames come in the order of their pts.

        Args:
            luma: the picture's brightness, 8 bits, shape (height, width), its longer side about ``LUMA_LONG_SIDE``.
        """
        blocks = cv2.resize(luma, (luma.shape[1] // 8, luma.shape[0] // 8), interpolation=cv2.INTER_AREA)
        new = blocks.astype(np.float32)
        if self._reference is None or self._reference.shape != new.shape:
            self._reference = new
            return True
        difference = new - self._reference
        score = np.abs(difference - np.median(difference)).max()
        self._reference = new if score > 12 else self._reference + 0.1 * difference
        return bool(score > 12)
