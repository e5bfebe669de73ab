"""Questions, the moments that search proposes, and answers with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from videoqa.events import Source
from videoqa.media import Coverage, Span


@dataclass(frozen=True, slots=True)
class WallClock:
    """A stretch of wall clock time, ``[start, end)``, both aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a stretch ends at {self.end}, not after its start {self.start}")


@dataclass(frozen=True, slots=True)
class Filter:
    """Where to look: everywhere unless a field says otherwise.

    ``recordings`` are ids; a moment must overlap ``between``, a span of footage time; its source is in ``sources``.
    """

    recordings: frozenset[str] | None = None
    between: Span | None = None
    sources: frozenset[Source] | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A search hit. ``score`` is the calibrated probability, 0 to 1, that it answers the question.

    ``text`` is the words that bear it out; ``sources`` says where these come from, the strongest first.
    """

    recording_id: str
    title: str
    span: Span
    text: str
    score: float
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence of an answer and the moment that bears it out."""

    sentence: str
    moment: Moment


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a question. ``found`` is False where there is no evidence; ``text`` is then None.

    ``moments`` are ranked, the best first. ``coverage`` adds up the recordings that were asked about. ``given_by`` is who
    looked again for it, "index" where nobody did; ``notes`` are plain sentences about what could not be done for it.
    """

    question: str
    found: bool
    text: str | None
    moments: tuple[Moment, ...]
    citations: tuple[Citation, ...]
    coverage: Coverage
    given_by: str = "index"
    notes: tuple[str, ...] = ()
