"""What the service tells, as frozen types of the client's own.

Times are float seconds from a recording's start, wall clock times are aware and in UTC. What a later service tells
besides is passed over; words of a closed set (a state, a source) are text, so that a new one does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from videoqa.client.flows import Reply
from videoqa.client.problems import BadReply

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Part of a list; ``next`` asks for the part behind it, None where this is the last."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRef:
    """A recording as a moment names it."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRef:
    """A camera as a moment names it; one that was removed has its id for a name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One continuous stretch of footage; ``state`` is queued, indexing, indexed or failed.

    ``problems`` say what of it could not be read. ``size`` is in bytes, None where its file is gone; ``source`` and
    ``owner`` are None where the key has no business with them.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A search hit: a span of a recording, the words that bear it out, the probability that it answers.

    ``camera`` is the one that filmed it, None where it was brought; ``happened_at`` the wall clock at its start, None
    where that is unknown. ``content``, ``thumbnail`` and ``clip`` are paths from the service's root.
    """

    recording: RecordingRef
    camera: CameraRef | None
    start: float
    end: float
    text: str
    score: float
    sources: tuple[str, ...]
    happened_at: datetime | None
    content: str
    thumbnail: str
    clip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A sentence of an answer and the moment that bears it out; of a rejected moment, why it was."""

    sentence: str
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageTotals:
    """Seconds of footage and what became of them."""

    length: float
    analysed: float
    static: float
    gap: float
    dropped: float
    failed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredSpan:
    """A stretch of footage and what became of it; ``frames`` were looked at inside.

    ``cause`` says why it was not looked at, empty where that is not known, or the state says it all.
    """

    start: float
    end: float
    state: str
    frames: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one kind of analysis, signals or model, looked at."""

    recording: RecordingRef
    kind: str
    coverage: CoverageTotals
    spans: tuple[CoveredSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsage:
    """What a model's looks cost: tokens in, those of them it had cached, tokens out, seconds, money."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    seconds: float
    cost: float
    uncited: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known about a question; ``answer`` is None where there is no evidence.

    A [number] in ``answer`` counts ``moments`` from 1. ``given_by`` is the model that looked again for it, "index"
    where none did; ``rejected`` is what it looked at in vain, and why. ``id`` is what feedback is given about.
    """

    id: str
    question: str
    found: bool
    answer: str | None
    moments: tuple[Moment, ...]
    citations: tuple[Citation, ...]
    rejected: tuple[Citation, ...]
    coverage: CoverageTotals
    given_by: str
    notes: tuple[str, ...]
    usage: ModelUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of the picture, in fractions of its width and height from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened; ``frames`` are the times that show it, ``seen_by`` is signals or a model's name.

    ``continues`` is the id of the event of the recording before, where a camera's goes on with it.
    """

    id: str
    start: float
    end: float
    label: str
    description: str
    source: str
    confidence: float
    frames: tuple[float, ...]
    region: Region | None
    strength: float | None
    revisits: str | None
    continues: str | None
    seen_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEvent(Event):
    """An event, the recording that it is of, and where it can be played: paths from the service's root.

    ``happened_at`` is the wall clock at its start, None where it is unknown.
    """

    recording: RecordingRef
    happened_at: datetime | None
    content: str
    thumbnail: str
    clip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A titled stretch of a recording."""

    start: float
    end: float
    title: str


def read(kind: type[T], content: Reply | str | bytes) -> T:
    """The ``kind`` that JSON holds.

    Raises:
        BadReply: it holds none.
    """
    wanted: Any = kind
    try:
        result: T = _adapter(wanted).validate_json(content.content if isinstance(content, Reply) else content)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        where = "/".join(map(str, wrong["loc"])) or "the whole"
        raise BadReply(f"The service's answer is no {_name(kind)} ({where}: {wrong['msg']}).") from error
    return result


def _name(kind: type[object]) -> str:
    return str(getattr(kind, "__name__", kind))


@lru_cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
