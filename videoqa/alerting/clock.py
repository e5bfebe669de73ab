"""Whether the wall clock can be believed: one that was set wrong makes all footage look old."""

from __future__ import annotations

from datetime import datetime, timedelta

LEAP = timedelta(hours=1)
"""How far the clock may go from the steady one between two looks."""
AHEAD = timedelta(days=1)
"""How far it may be, at first, ahead of all that was ever written down by it."""
STEADY = timedelta(hours=1)
"""For how long it has to run evenly to be believed again."""


class Belief:
    """``newest`` is the youngest time that was written down before, None where nothing was."""

    def __init__(self, now: datetime, steady: timedelta, newest: datetime | None) -> None:
        self._now = now
        self._steady = steady
        ahead = newest is not None and now - newest > AHEAD
        self._doubted: timedelta | None = steady if ahead else None

    def look(self, now: datetime, steady: timedelta) -> bool:
        """True where the wall clock, which says ``now``, can be believed; ``steady`` is by one that nobody sets."""
        if abs((now - self._now) - (steady - self._steady)) > LEAP:
            self._doubted = steady
        self._now, self._steady = now, steady
        if self._doubted is not None and steady - self._doubted >= STEADY:
            self._doubted = None
        return self._doubted is None
