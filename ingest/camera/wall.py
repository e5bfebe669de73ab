"""Which time of day it was when a picture was taken."""

from __future__ import annotations

from videoqa.cameras import ClockSource

TRUSTED = 5_000_000
"""How far a camera's own clock may be from ours, in microseconds, for its sender reports to be believed."""
# Less than that is not worth it that two recordings do not meet.
_STEADY = 1_000_000


class WallClock:
    """Learns the wall clock at pts 0 of a session. Everything is in microseconds.

    What is late on its way only ever arrives later than it was sent: the earliest arrival is the truest. That is asked
    of each recording anew, since the two clocks drift apart.
    """

    def __init__(self) -> None:
        self._earliest: int | None = None
        self._reported: int | None = None

    def arrived(self, pts: int, now: int) -> None:
        zero = now - pts
        self._earliest = zero if self._earliest is None else min(self._earliest, zero)

    def reported(self, zero: int | None) -> None:
        """By the sender's reports it was ``zero`` at pts 0."""
        self._reported = zero

    def zero(self) -> tuple[int, ClockSource]:
        """The wall clock at pts 0, and who says so."""
        assert self._earliest is not None
        if self._reported is not None and abs(self._reported - self._earliest) <= TRUSTED:
            return self._reported, ClockSource.RTCP
        return self._earliest, ClockSource.ARRIVAL

    def again(self, before: int) -> tuple[int, ClockSource]:
        """The wall clock at pts 0 where it was taken for ``before`` until now; arrivals are counted anew from here."""
        zero, source = self.zero()
        self._earliest = None
        return (before if abs(zero - before) < _STEADY else zero), source
