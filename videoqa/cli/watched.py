"""What the commands about cameras, rules and alerts say alike."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from videoqa.access import Caller, Role

if TYPE_CHECKING:
    from videoqa.bootstrap import House

LOCAL = Caller(key_id="", name="local", role=Role.ADMIN)
"""Whoever types at this machine."""
NOBODY = "nobody watches the cameras; start `videoqa serve`"


def say_who_watches(place: House) -> None:
    """Says where no service is running, since nothing comes of a camera or a rule without one."""
    if not place.watched:
        print(f"videoqa: {NOBODY}", file=sys.stderr, flush=True)


def wall_clock(moment: datetime) -> str:
    """``moment`` by this machine's clock, to the second."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
