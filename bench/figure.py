"""One measured figure, as the bench prints it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """``target`` is what is to be reached, in words; ``met`` is None where nothing is to be reached."""

    name: str
    value: float
    unit: str
    target: str
    met: bool | None
    detail: str = ""
