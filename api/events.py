"""Events of many recordings, in the order in which they happened."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Viewer
from api.reach import filmed, named
from api.schemas.answers import Cameras, Names
from api.schemas.events import EventList, ListedEvent
from api.schemas.instants import Instant
from api.service import Parts
from api.threads import in_thread
from videoqa.errors import BadCursor
from videoqa.events import Source
from videoqa.ports import EventFilter, EventPlace, RecordingFilter

router = APIRouter(prefix="/v1/events", tags=["events"])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@router.get("")
async def list_events(
    *,
    service: Parts,
    caller: Viewer,
    recording: Annotated[Names, Query(description="Id or title; all that the key reaches where none is given.")] = (),
    camera: Annotated[Cameras, Query(description="Name or id: all that it recorded.")] = (),
    label: Annotated[str, Query(max_length=200, description="The label, whatever its case.")] = "",
    source: Source | None = None,
    begin: Annotated[Instant | None, Query(alias="from", description="They happened then or later.")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="They happened before that.")] = None,
    after: Annotated[str | None, Query(max_length=300, description="The `next` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> EventList:
    """Events by their wall clock, the youngest first; where that is unknown, as if footage began when it was added."""
    place = None if after is None else _place(after)

    def page() -> EventList:
        chosen = named(service, caller, recording) | filmed(service, caller, camera)
        ids = chosen if recording or camera else None
        wanted = EventFilter(RecordingFilter(scope=caller.scope, ids=ids), label, source, begin, end)
        found = service.archive.find_events(wanted, place, limit + 1)
        shown = found[:limit]
        return EventList(
            items=tuple(ListedEvent.of(each) for each in shown),
            next=_cursor(shown[-1].place) if len(found) > limit else None,
        )

    return await in_thread(page)


def _cursor(place: EventPlace) -> str:
    text = f"{(place.at - _EPOCH) // _MICROSECOND} {place.event_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> EventPlace:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
        at, event_id = text.split(" ", 1)
        return EventPlace(_EPOCH + int(at) * _MICROSECOND, event_id)
    except (binascii.Error, ValueError, OverflowError) as error:
        raise BadCursor(cursor=cursor) from error
