"""What the list of events answers."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from api.schemas.answers import paths_of
from api.schemas.recordings import Page
from api.schemas.refs import RecordingRef
from api.schemas.timeline import EventBody
from videoqa.ports import FoundEvent


class ListedEvent(EventBody):
    """An event, the recording that it is of, and where it can be played: paths from the service's root.

    ``happened_at`` is the wall clock at its start, None where it is unknown.
    """

    recording: RecordingRef
    happened_at: datetime | None
    content: str
    thumbnail: str
    clip: str

    @classmethod
    def of(cls, found: FoundEvent) -> Self:
        event, recording = found.event, found.recording
        told = EventBody.from_domain(event)
        return cls(
            **dict(told),
            recording=RecordingRef(id=recording.id, title=recording.title),
            happened_at=found.happened_at,
            **paths_of(recording.id, event.span)._asdict(),
        )


class EventList(Page[ListedEvent]):
    """Events of many recordings, the youngest first."""
