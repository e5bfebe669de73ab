"""Questions, the moments that search proposes, and answers with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from videoqa.events import Source, Usage
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
    """A sentence of an answer and the moment that bears it out.

    Of a moment that was looked at again and rejected, the sentence says why.
    """

    sentence: str
    moment: Moment


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a question. ``found`` is False where there is no evidence; ``text`` is then None.

    A [number] in ``text`` counts ``moments`` from 1. ``moments`` are ranked, the best first. ``coverage`` adds up the
    recordings that were asked about; of a stretch of the wall clock what of them lies in it, and what cameras have no
    footage of as a gap. ``given_by`` is who looked again for it, "index" where nobody did; ``rejected`` is
    what this found not to show what was asked for, and why. ``notes`` are sentences about what could not be done for
    it, ``usage`` is what it cost.
    """

    question: str
    found: bool
    text: str | None
    moments: tuple[Moment, ...]
    citations: tuple[Citation, ...]
    coverage: Coverage
    given_by: str = "index"
    notes: tuple[str, ...] = ()
    rejected: tuple[Citation, ...] = ()
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Proposed:
    """The index proposes ``moment``, and it is going to be looked at."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A close look bore a proposed moment out; ``citation`` has its exact span."""

    proposed: Moment
    citation: Citation


@dataclass(frozen=True, slots=True)
class Rejected:
    """A close look found that a proposed moment does not show what was asked for; the sentence says why."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A proposed moment could not be looked at; ``note`` says why."""

    moment: Moment
    note: str


@dataclass(frozen=True, slots=True)
class Told:
    """The next sentence of the answer's text, already checked against what it cites."""

    sentence: str


AnswerPart: TypeAlias = Proposed | Confirmed | Rejected | Unconfirmed | Told | Answer
"""An answer as it comes into being. The last part is the ``Answer``, and the only one of its class."""
