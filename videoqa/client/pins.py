"""Pins: moments of a recording that are kept, and the recording with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from videoqa.client.documents import Page, read
from videoqa.client.flows import Call, Flow, Items, at
from videoqa.client.footage import listed
from videoqa.client.retrying import answered, removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A moment that is kept, from ``start`` to ``end`` in seconds from the recording's start."""

    id: str
    recording: str
    start: float
    end: float
    note: str
    author: str
    at: datetime


def pins(recording_id: str) -> Items[Pin]:
    """The moments of a recording that are kept."""
    yield from listed(Page[Pin], at("/v1/recordings/{}/pins", recording_id), {})


def pin(recording_id: str, *, start: float, end: float, note: str = "") -> Flow[Pin]:
    """Keeps a moment, and its recording with it, however old that grows."""
    body = {"start": start, "end": end, "note": note}
    return read(Pin, (yield from answered(Call("POST", at("/v1/recordings/{}/pins", recording_id), json=body))))


def unpin(recording_id: str, pin_id: str) -> Flow[None]:
    """Lets a moment go the way of the rest of its footage."""
    yield from removed(Call("DELETE", at("/v1/recordings/{}/pins/{}", recording_id, pin_id)))
