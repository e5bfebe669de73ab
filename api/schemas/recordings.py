"""What the routes about recordings take and answer."""

from __future__ import annotations

from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from api.schemas import ChapterBody, CoverageDetails, EventBody, RecordingBody, WireModel
from api.schemas.instants import Beginning

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
