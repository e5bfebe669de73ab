"""Moments that are kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from videoqa.media import Span


@dataclass(frozen=True, slots=True)
class Pin:
    """A moment that somebody wants kept: its recording stays as long as the pin does, however old it is."""

    id: str
    recording_id: str
    span: Span
    note: str
    author: str
    at: datetime


class Pins(Protocol):
    """Moments that are kept. They go with their recording where somebody removes that."""

    def add(self, pin: Pin) -> None:
        """
        Raises:
            UnknownRecording: its recording is not there.
        """
        ...

    def pins(self, recordings: Collection[str] | None = None) -> tuple[Pin, ...]:
        """Those of the recordings with these ids, or of all, in the order in which they were added."""
        ...

    def remove(self, pin_id: str) -> None:
        """Nothing where it is not there."""
        ...
