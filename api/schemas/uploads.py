"""What the routes take and answer through which footage comes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from api.schemas.instants import Beginning
from api.schemas.recordings import MOST_TAGS, Prompt, Tag, Title
from api.schemas.wire import WireModel
from videoqa.errors import escaped
from videoqa.intake import Wishes
from videoqa.ports import Arrival

_LONGEST_TITLE = 300
_LONGEST_ADDRESS = 2000


class Told(WireModel):
    """What may be said of footage that is brought. ``priority`` 0 comes first."""

    title: Title | None = None
    started_at: Beginning | None = None
    prompt: Prompt | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)] = ()
    priority: Annotated[int, Field(ge=0, le=9)] = 5

    def wishes(self, file_name: str) -> Wishes:
        """``file_name`` is the title where none is told."""
        return Wishes(
            title=self.title or title_of(file_name),
            title_told=self.title is not None,
            file_name=file_name,
            started_at=self.started_at,
            prompt=self.prompt,
            tags=self.tags,
            priority=self.priority,
        )


class Address(Told):
    """Footage that is to be fetched."""

    priority: Annotated[int, Field(strict=True, ge=0, le=9)] = 5
    url: Annotated[str, Field(min_length=1, max_length=_LONGEST_ADDRESS)]


class UploadBody(WireModel):
    """Footage on its way in. ``offset`` of its ``length`` bytes are here; ``recording`` is the id of what it became.

    ``problem`` says why it will not become anything.
    """

    id: str
    offset: int
    length: int | None
    recording: str | None
    problem: str | None
    created_at: datetime
    expires_at: datetime

    @classmethod
    def from_domain(cls, arrival: Arrival, offset: int) -> Self:
        return cls(
            id=arrival.id,
            offset=offset,
            length=arrival.declared,
            recording=arrival.recording_id or None,
            problem=arrival.problem or None,
            created_at=arrival.created_at,
            expires_at=arrival.expires_at,
        )


def title_of(file_name: str) -> str:
    """A title from what somebody calls a file: the last part of a path of any system, on one line, not too long."""
    name = escaped(file_name.replace("\\", "/").rstrip("/").rpartition("/")[2].strip())
    if len(name) > _LONGEST_TITLE:
        name = name[: _LONGEST_TITLE - 60] + "…" + name[-59:]
    return name or "recording"
