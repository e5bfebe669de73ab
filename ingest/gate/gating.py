"""Tells frames that show something new from frames that do not.

The picture is reduced to a grid whose longer side is 320 places and compared with the empty scene, which is learnt
place by place together with its noise: sensor and codec noise, leaves, a ticking digit. The light may change, all
over or in part. What differs by more than the noise forms blobs; a blob is news when its evidence, gathered over the
frames in which it stays or travels, suffices. What appears and then stands still becomes part of the empty scene; what
came by moving is held to be there until the empty scene comes back, for at most a minute without a movement.
"""

from __future__ import annotations

from datetime import timedelta

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.gate.background import Field, Mask
from ingest.gate.scene import Scene

VERSION = 1
"""Raised whenever other frames are let through than before, so that footage is surveyed again."""
LUMA_LONG_SIDE = 320
"""The longer side of the grid. On footage of 1280x720 a place is 4x4 pixels."""
_NOWHERE: Mask = np.zeros((0, 0), np.bool_)


class Gate:
    """Holds back the frames of one recording that show nothing new. The first frame is always new.

    Args:
        period: the time from one frame to the next.
        learnt: what another gate's ``learnt()`` gave; this one goes on exactly where that one was.
    """

    def __init__(self, period: timedelta, learnt: bytes = b"") -> None:
        self._period = period
        self._scene = Scene.restored(learnt, period) if learnt else None

    def admits(self, luma: NDArray[np.uint8], pts: timedelta) -> bool:
        """True where ``luma`` shows something new. Frames come in the order of their pts.

        Args:
            luma: the picture's brightness, 8 bits, shape (height, width); of larger ones than ``LUMA_LONG_SIDE`` the
                gate makes its own small copy.
        """
        field = _reduced(luma)
        if self._scene is None or self._scene.shape != field.shape:
            self._scene = Scene(field, self._period)
            return True
        return self._scene.shows_news(field)

    @property
    def news(self) -> Mask:
        """Where the last frame shows what the ones before did not; shape of the grid. Empty before the first frame."""
        return _NOWHERE if self._scene is None else self._scene.news

    @property
    def moving(self) -> Mask:
        """Where something is in the last frame that came by moving, be it still for a while; as ``news``."""
        return _NOWHERE if self._scene is None else self._scene.moving

    def learnt(self) -> bytes:
        """Everything that the gate knows; empty before its first frame."""
        return b"" if self._scene is None else self._scene.saved()


def _reduced(luma: NDArray[np.uint8]) -> Field:
    height, width = luma.shape
    scale = min(1.0, LUMA_LONG_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)
