"""What the routes about questions take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import quote

from pydantic import Discriminator, Field, Tag

from api.schemas.coverage import CoverageBody
from api.schemas.instants import Instant
from api.schemas.moments import AnswerBody, CitationBody, MomentBody
from api.schemas.usage import UsageBody
from api.schemas.wire import WireModel, ends
from videoqa.answering.lookup import LONGEST_QUESTION
from videoqa.answers import Answer, Citation, Moment, WallClock
from videoqa.catalogue import Origin
from videoqa.errors import EmptyStretch
from videoqa.events import Source
from videoqa.media import Span

Words = Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION, pattern=r"\S")]
"""A question, or what is searched for."""
LONGEST = 1e9
Seconds = Annotated[float, Field(strict=True, ge=0, le=LONGEST, allow_inf_nan=False)]


def _kind_of_time(between: Any) -> str:
    # Tried one after the other, of a time that is wrong there would be told that it is no number, too.
    ends = between if isinstance(between, list | tuple) else ()
    return "clock" if any(isinstance(end, str | datetime) for end in ends) else "seconds"


Between = Annotated[
    Annotated[tuple[Seconds, Seconds], Tag("seconds")] | Annotated[tuple[Instant, Instant], Tag("clock")],
    Discriminator(_kind_of_time),
]
Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=300)], ...], Field(max_length=500)]
Cameras = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], Field(max_length=100)]


class AskBody(WireModel):
    """A question. ``recordings`` are ids or titles, ``cameras`` names or ids whose every recording is asked; where
    neither are given, all that the key reaches.

    ``between`` are two times of the footage in seconds, or two of the wall clock in ISO 8601. ``stream`` asks for
    server-sent events, as ``Accept: text/event-stream`` does.
    """

    question: Words
    recordings: Names = ()
    cameras: Cameras = ()
    between: Between | None = None
    limit: Annotated[int, Field(strict=True, ge=1, le=20)] = 5
    stream: Annotated[bool, Field(strict=True)] | None = None


class SearchFor(WireModel):
    """What to search for, and where: ``recordings``, ``cameras`` and ``between`` as in a question, ``sources`` of any
    kind.
    """

    q: Words
    recordings: Names = ()
    cameras: Cameras = ()
    between: Between | None = None
    sources: tuple[Source, ...] = ()
    limit: Annotated[int, Field(strict=True, ge=1, le=100)] = 10


class PlayableMoment(MomentBody):
    """A moment and where it can be played: paths from the service's root.

    ``content`` is the whole footage, to be played from the moment's start to its end; ``clip`` is cut out of it.
    """

    content: str
    thumbnail: str
    clip: str

    @classmethod
    def of(cls, moment: Moment, origins: Mapping[str, Origin]) -> Self:
        told = MomentBody.of(moment, origins)
        paths = paths_of(moment.recording_id, moment.span)
        return cls(
            recording=told.recording,
            camera=told.camera,
            start=told.start,
            end=told.end,
            happened_at=told.happened_at,
            text=told.text,
            score=told.score,
            sources=told.sources,
            content=paths.content,
            thumbnail=paths.thumbnail,
            clip=paths.clip,
        )


class FoundBody(WireModel):
    """Ranked moments, the best first, without a verdict."""

    moments: tuple[PlayableMoment, ...]


class PlayableCitation(CitationBody):
    """A sentence, and the moment that bears it out."""

    moment: PlayableMoment

    @classmethod
    def of(cls, citation: Citation, origins: Mapping[str, Origin]) -> Self:
        return cls(sentence=citation.sentence, moment=PlayableMoment.of(citation.moment, origins))


class GivenAnswerBody(AnswerBody):
    """An answer, and the ``id`` under which it is kept. A [number] in ``answer`` counts ``moments`` from 1.

    ``given_by`` is the model that looked again for it, "index" where none did; then ``notes`` say why.
    """

    id: str
    question: str
    moments: tuple[PlayableMoment, ...]
    citations: tuple[PlayableCitation, ...]
    rejected: tuple[PlayableCitation, ...]

    @classmethod
    def kept(cls, answer: Answer, answer_id: str, origins: Mapping[str, Origin]) -> Self:
        return cls(
            id=answer_id,
            question=answer.question,
            found=answer.found,
            answer=answer.text,
            moments=tuple(PlayableMoment.of(moment, origins) for moment in answer.moments),
            citations=tuple(PlayableCitation.of(citation, origins) for citation in answer.citations),
            rejected=tuple(PlayableCitation.of(citation, origins) for citation in answer.rejected),
            coverage=CoverageBody.from_domain(answer.coverage),
            given_by=answer.given_by,
            notes=answer.notes,
            usage=UsageBody.from_domain(answer.usage),
        )


class TaskBody(WireModel):
    """The first event of a stream: where to come back to, ``GET /v1/ask/{task_id}``."""

    task_id: str


class TokenBody(WireModel):
    """The next sentence of the answer, already checked against what it cites."""

    text: str


class ProposedBody(WireModel):
    """The index proposes a moment, and it is going to be looked at."""

    moment: PlayableMoment


class NoteBody(WireModel):
    """What could not be done for the answer; ``moment`` where it is about one."""

    note: str
    moment: PlayableMoment | None = None


class ProblemBody(WireModel):
    """The last event of a question that came to no answer: an HTTP status, a stable code, and what to do."""

    status: int
    code: str
    detail: str


class Paths(NamedTuple):
    """Where a stretch can be played, from the service's root."""

    content: str
    thumbnail: str
    clip: str


def paths_of(recording_id: str, span: Span) -> Paths:
    """The footage with a media fragment, the picture in the middle, and the stretch cut out."""
    path = f"/v1/recordings/{quote(recording_id, safe='')}"
    start, end = ends(span)
    return Paths(
        f"{path}/content#t={start:.3f},{end:.3f}",
        f"{path}/thumbnail?at={(start + end) / 2:.3f}",
        f"{path}/clip?from={start:.3f}&to={end:.3f}",
    )


def closed(begin: float | datetime | None, end: float | datetime | None) -> Between | None:
    """The stretch from ``begin`` to ``end``, of which one may be left open.

    Raises:
        EmptyStretch: one is of the footage, and one of the wall clock.
    """
    match begin, end:
        case None, None:
            return None
        case (datetime() | None, datetime() | None):
            return begin or datetime.min.replace(tzinfo=UTC), end or datetime.max.replace(tzinfo=UTC)
        case (float() | None, float() | None):
            return begin or 0.0, LONGEST if end is None else end
    raise EmptyStretch(start=begin, end=end)


def stretch(between: tuple[float, float] | tuple[datetime, datetime] | None) -> Span | WallClock | None:
    """``between`` as the domain has it.

    Raises:
        EmptyStretch: it ends before it starts.
    """
    match between:
        case None:
            return None
        case (datetime() as began, datetime() as ended) if began < ended:
            return WallClock(began, ended)
        case (float() as first, float() as last) if timedelta(seconds=first) < timedelta(seconds=last):
            return Span(timedelta(seconds=first), timedelta(seconds=last))
        case (start, end):
            raise EmptyStretch(start=start, end=end)
