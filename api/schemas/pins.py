"""What the routes about pins take and answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from api.schemas.answers import Seconds
from api.schemas.recordings import Page
from api.schemas.wire import WireModel, ends
from videoqa.media import Span
from videoqa.ports import Pin

_LEAST = timedelta(microseconds=1)


class NewPin(WireModel):
    """A moment to be kept, from ``start`` to ``end`` in seconds from the recording's start."""

    start: Seconds
    end: Seconds
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if timedelta(seconds=self.end) - timedelta(seconds=self.start) < _LEAST:
            raise ValueError("end is later than start")
        return self

    @property
    def span(self) -> Span:
        return Span(timedelta(seconds=self.start), timedelta(seconds=self.end))


class PinBody(WireModel):
    """A moment that is kept, and with it its recording."""

    id: str
    recording: str
    start: float
    end: float
    note: str
    author: str
    at: datetime

    @classmethod
    def from_domain(cls, pin: Pin) -> Self:
        start, end = ends(pin.span)
        return cls(
            id=pin.id, recording=pin.recording_id, start=start, end=end, note=pin.note, author=pin.author, at=pin.at
        )


class PinPage(Page[PinBody]):
    """Pins of a recording, in the order in which they were set."""
