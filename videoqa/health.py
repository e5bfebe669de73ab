"""What works on this machine and what is missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One part, whether it works, and what to do where it does not. ``broken`` where nothing goes without it."""

    name: str
    works: bool
    detail: str
    remedy: str = ""
    broken: bool = False
