"""Recordings, and what the routes about them take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from api.schemas.coverage import CoverageDetails
from api.schemas.instants import Beginning
from api.schemas.timeline import ChapterBody, EventBody
from api.schemas.wire import WireModel, seconds
from videoqa.access import Caller, Role
from videoqa.media import Recording

T = TypeVar("T")
MOST_TAGS = 32


def _sayable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds characters that cannot be seen")
    return text


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_sayable)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), AfterValidator(_sayable)]
Prompt = Annotated[str, StringConstraints(max_length=4000)]


class Page(WireModel, Generic[T]):
    """Part of a list. ``next`` asks for the part behind it, as ``after``; None where this is the last."""

    items: tuple[T, ...]
    next: str | None = None


class RecordingBody(WireModel):
    """A recording. ``size`` is its file's bytes, None where that is gone; ``kept`` says that the file goes with it.

    ``source``, a path of this machine, and ``owner``, the id of a key, are None where the reader has no business with
    them.
    """

    id: str
    title: str
    source: str | None
    digest: str
    length: float
    state: str
    started_at: datetime | None
    problems: tuple[str, ...]
    prompt: str
    tags: tuple[str, ...]
    camera: str
    added_at: datetime | None
    owner: str | None
    kept: bool
    size: int | None

    @classmethod
    def from_domain(cls, recording: Recording, to: Caller | None = None, size: int | None = None) -> Self:
        """``to`` is who will read it; None where that is whoever is at this machine."""
        everything = to is None or (to.role is Role.ADMIN and to.scope.everything)
        own = to is not None and to.key_id == recording.owner
        return cls(
            id=recording.id,
            title=recording.title,
            # A path that is no valid text is no valid JSON either.
            source=recording.source.encode("utf-8", "backslashreplace").decode() if everything else None,
            digest=recording.digest,
            length=seconds(recording.length),
            state=recording.state.value,
            started_at=recording.started_at,
            problems=recording.problems,
            prompt=recording.prompt,
            tags=recording.tags,
            camera=recording.camera,
            added_at=recording.added_at,
            owner=recording.owner if everything or own else None,
            kept=recording.kept,
            size=size,
        )


class RecordingPage(Page[RecordingBody]):
    """Recordings, those added last first."""


class EventPage(Page[EventBody]):
    """Events in order of time."""


class ChapterPage(Page[ChapterBody]):
    """Chapters in order of time."""


class CoveragePage(Page[CoverageDetails]):
    """What each kind of analysis looked at, that by signals first."""


class RecordingChange(WireModel):
    """What is to be changed of a recording; what is left out stays. ``tags`` take the place of those it has."""

    title: Title | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)] | None = None
    started_at: Beginning | None = None
    prompt: Prompt | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give title, tags, started_at or prompt")
        return self
