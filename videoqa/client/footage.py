"""Recordings: listed, shown, changed, removed, and what was found in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from videoqa.client.documents import Chapter, Coverage, Event, Page, Recording, read
from videoqa.client.flows import Call, Emit, Flow, Items, Query, at
from videoqa.client.retrying import answered, removed

T = TypeVar("T")


def recordings(
    *,
    title: str | None = None,
    tag: str | None = None,
    camera: str | None = None,
    state: str | None = None,
    owner: str | None = None,
    started_from: datetime | None = None,
    started_before: datetime | None = None,
) -> Items[Recording]:
    """Recordings, those added last first; pages are asked for as they are needed.

    ``title`` is a part of the title; ``started_from`` and ``started_before`` are aware.
    """
    query: Query = {
        "title": title,
        "tag": tag,
        "camera": camera,
        "state": state,
        "owner": owner,
        "started_from": instant(started_from),
        "started_before": instant(started_before),
    }
    yield from listed(Page[Recording], "/v1/recordings", query)


def recording(recording_id: str) -> Flow[Recording]:
    """The recording of that id."""
    return read(Recording, (yield from answered(Call("GET", at("/v1/recordings/{}", recording_id)))))


def change(
    recording_id: str,
    *,
    title: str | None = None,
    tags: Sequence[str] | None = None,
    started_at: datetime | None = None,
    prompt: str | None = None,
) -> Flow[Recording]:
    """Changes what was said of a recording; what is None stays. ``tags`` take the place of those it has."""
    wanted = {
        "title": title,
        "tags": None if tags is None else list(tags),
        "started_at": instant(started_at),
        "prompt": prompt,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    return read(Recording, (yield from answered(Call("PATCH", at("/v1/recordings/{}", recording_id), json=body))))


def remove(recording_id: str) -> Flow[None]:
    """Removes a recording with all that was found in it."""
    yield from removed(Call("DELETE", at("/v1/recordings/{}", recording_id)))


def recording_events(
    recording_id: str, *, start: float | None = None, end: float | None = None, label: str | None = None
) -> Items[Event]:
    """The events of a recording in order of time: those any part of which lies between ``start`` and ``end``."""
    query: Query = {"from": start, "to": end, "label": label}
    yield from listed(Page[Event], at("/v1/recordings/{}/events", recording_id), query)


def chapters(recording_id: str) -> Items[Chapter]:
    """The chapters of a recording in order of time."""
    yield from listed(Page[Chapter], at("/v1/recordings/{}/chapters", recording_id), {})


def coverage(recording_id: str) -> Items[Coverage]:
    """What each kind of analysis of a recording looked at."""
    yield from listed(Page[Coverage], at("/v1/recordings/{}/coverage", recording_id), {})


def listed(kind: type[Page[T]], path: str, query: Query) -> Items[T]:
    """Every item of a list, page by page."""
    after: str | None = None
    while True:
        page = read(kind, (yield from answered(Call("GET", path, {**query, "after": after}))))
        for item in page.items:
            yield Emit(item)
        if page.next is None or page.next == after:
            return
        after = page.next


def instant(moment: datetime | None) -> str | None:
    """ISO 8601.

    Raises:
        ValueError: the moment has no time zone, and could be any.
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give an aware datetime")
    return moment.isoformat()
