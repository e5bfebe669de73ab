"""How long to wait before a camera is tried again."""

from __future__ import annotations

import random
from datetime import timedelta

from videoqa.cameras import CameraState

SHARE = 0.015
"""Of the time that a camera has been away: who comes back after half a minute is tried within half a second. To find
nobody there costs next to nothing.
"""
LEAST, LONGEST = timedelta(milliseconds=250), timedelta(seconds=30)
REFUSED = timedelta(seconds=15)
"""The least wait where a camera refused the password: some lock the account after a few wrong ones."""
HEALTHY = timedelta(seconds=3)
"""How long a session has to last for the camera not to count as away since before it."""
_JITTER = 0.2


def pause(away: timedelta, state: CameraState, chance: random.Random) -> timedelta:
    """The wait after a try that failed, of a camera that has been ``away`` for so long."""
    least = REFUSED if state is CameraState.AUTH_FAILED else LEAST
    wait = min(max(away * SHARE, least), LONGEST)
    return wait * chance.uniform(1 - _JITTER, 1 + _JITTER)
