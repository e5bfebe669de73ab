"""Tells frames that show something new from frames that do not."""

from __future__ import annotations

from datetime import timedelta

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
        self._last: NDArray[np.uint8] | None = None

    def admits(self, luma: NDArray[np.uint8], pts: timedelta) -> bool:
        """True where ``luma`` shows something new. Frames come in the order of their pts.

        Args:
            luma: the picture's brightness, 8 bits, shape (height, width), its longer side about ``LUMA_LONG_SIDE``.
        """
        changed = (
            self._last is None
            or self._last.shape != luma.shape
            or bool(np.abs(self._last.astype(int) - luma).max() > 40)
        )
        if changed:
            self._last = luma
        return changed
