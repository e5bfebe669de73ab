"""What happened in a recording, what was said in it, and how it is parted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Self

from api.schemas.wire import WireModel, ends, seconds
from videoqa.events import Chapter, Event
from videoqa.media import Cue, FrameGroup


class RegionBody(WireModel):
    """A part of the picture, in fractions of its width and height from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float


class EventBody(WireModel):
    id: str
    start: float
    end: float
    label: str
    description: str
    source: str
    confidence: float
    frames: tuple[float, ...]
    region: RegionBody | None
    strength: float | None
    revisits: str | None
    continues: str | None
    seen_by: str

    @classmethod
    def from_domain(cls, event: Event) -> Self:
        start, end = ends(event.span)
        where = event.region
        return cls(
            id=event.id,
            start=start,
            end=end,
            label=event.label,
            description=event.description,
            source=event.source.value,
            confidence=event.confidence,
            frames=tuple(seconds(pts) for pts in event.frames),
            region=None if where is None else RegionBody(**asdict(where)),
            strength=event.strength,
            revisits=event.revisits,
            continues=event.continues,
            seen_by=event.seen_by,
        )


class CueBody(WireModel):
    start: float
    end: float
    text: str
    language: str | None
    track: str

    @classmethod
    def from_domain(cls, cue: Cue) -> Self:
        start, end = ends(cue.span)
        return cls(start=start, end=end, text=cue.text, language=cue.language, track=cue.track)


class ChapterBody(WireModel):
    start: float
    end: float
    title: str

    @classmethod
    def from_domain(cls, chapter: Chapter) -> Self:
        start, end = ends(chapter.span)
        return cls(start=start, end=end, title=chapter.title)


class GroupBody(WireModel):
    """A planned group: its span, how many frames and cues it holds, and the tokens they cost a model."""

    number: int
    start: float
    end: float
    frames: int
    cues: int
    tokens: int | None = None

    @classmethod
    def from_domain(cls, group: FrameGroup, tokens: int | None = None) -> Self:
        start, end = ends(group.span)
        return cls(
            number=group.number, start=start, end=end, frames=len(group.times), cues=len(group.cues), tokens=tokens
        )
