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
_NOBODY = "nobody watches the cameras; start `videoqa serve`"
_NOT_YET = "the service is still starting; it watches the cameras in a moment, or its log says why not"


def unwatched(place: House) -> str:
    """Why nobody watches the cameras, and what to do; empty where somebody does."""
    if place.watched:
        return ""
    return _NOT_YET if place.served else _NOBODY


def say_who_watches(place: House) -> None:
    """Says where nobody watches, since nothing comes of a camera or a rule without that."""
    if why := unwatched(place):
        print(f"videoqa: {why}", file=sys.stderr, flush=True)


def wall_clock(moment: datetime) -> str:
    """``moment`` by this machine's clock, to the second."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
