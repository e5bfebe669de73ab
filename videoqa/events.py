"""What was seen: observations of one group, the events they become, and what it cost to look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from videoqa.media import Span


class Source(StrEnum):
    """What bears a statement out: the signal, or the text, that it was taken from."""

    SUBTITLE = "subtitle"
    SPEECH = "speech"
    SLIDE = "slide"
    SHOT = "shot"
    MOTION = "motion"
    TITLE = "title"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture, in fractions of its width and height from the top left corner, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise ValueError(f"{self} is no part of a picture")

    def union(self, other: Region) -> Region:
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(frozen=True, slots=True)
class Observation:
    """What an analyser says of one group. It cites frames of that group by their pts, never free times.

    ``frames`` are the pts that show it, rising. ``identity`` is equal for two observations of the same lasting thing
    (the digest of a slide's picture and text), or empty where only nearness in time tells. ``lasts_until`` is the pts
    of the first frame of the group that no longer shows it, or None where it still holds at the group's end.
    ``strength`` is 0 to 1 (how large and how fast a motion is); ``confidence`` is 0 to 1.
    """

    label: str
    description: str
    source: Source
    frames: tuple[timedelta, ...]
    confidence: float = 1.0
    identity: str = ""
    lasts_until: timedelta | None = None
    region: Region | None = None
    strength: float | None = None

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError("an observation cites at least one frame")
        if self.lasts_until is not None and self.lasts_until <= self.frames[-1]:
            raise ValueError("what is shown by a frame lasts beyond it")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, once, wherever group borders fell. Fields as in ``Observation``.

    ``id`` stays the same when a later group continues the event. ``revisits`` is the id of the first event with the
    same identity (a slide shown again), or None. ``seen_by`` says who saw it: "signals", or the name of a model.
    ``continues`` is the id of the event of the camera's recording before, that this one goes on with, or None.
    """

    id: str
    recording_id: str
    span: Span
    label: str
    description: str
    source: Source
    frames: tuple[timedelta, ...]
    confidence: float = 1.0
    identity: str = ""
    region: Region | None = None
    strength: float | None = None
    revisits: str | None = None
    seen_by: str = "signals"
    continues: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What looks at footage cost: tokens into and out of a model, those in that it had cached, seconds, money.

    ``uncited`` counts what the model said of times that were not shown to it, and that was dropped for it.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    uncited: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.seconds + other.seconds,
            self.cost + other.cost,
            self.uncited + other.uncited,
        )


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a recording with the text by which it is found."""

    recording_id: str
    span: Span
    text: str
    source: Source
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A titled stretch of a recording; the chapters of a recording follow one another without a gap."""

    span: Span
    title: str
