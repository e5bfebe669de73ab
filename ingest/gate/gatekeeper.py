"""Shows the gate what it wants to see of a picture."""

from __future__ import annotations

from datetime import timedelta

from ingest.gate.gating import LUMA_LONG_SIDE, Gate
from ingest.pyav import VideoFrame
from ingest.pyav.pixels import Luma


class Gatekeeper:
    """A gate for decoded pictures.

    Args:
        period: the time from one picture to the next.
        learnt: what another one's ``learnt()`` gave; this one goes on exactly where that one was.
    """

    def __init__(self, period: timedelta, learnt: bytes = b"") -> None:
        self._gate = Gate(period, learnt)
        self._luma = Luma(LUMA_LONG_SIDE)

    def admits(self, picture: VideoFrame, pts: timedelta) -> bool:
        """True where ``picture`` shows something new."""
        return self._gate.admits(self._luma.of(picture), pts)

    def learnt(self) -> bytes:
        return self._gate.learnt()
