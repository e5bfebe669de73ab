"""Wire models: what the service and ``--json`` say, one for each domain type, mapped here and nowhere else.

Times are float seconds from the recording's start; wall clock times are ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from videoqa.access import Caller, Role
from videoqa.answers import Answer, Citation, Moment
from videoqa.catalogue import Origin
from videoqa.events import Chapter, Event
from videoqa.media import Coverage, CoverageState, CoveredSpan, Cue, FrameGroup, Recording, Span
from videoqa.ports import AnalysisKind, Usage


class WireModel(BaseModel):
    """A frozen JSON document."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChangeBody(WireModel):
    """What is to be changed of something; what is left out stays."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give at least one of its fields")
        return self


class RecordingRef(WireModel):
    """A recording as a moment names it."""

    id: str
    title: str


class CameraRef(WireModel):
    """A camera as a moment names it; one that was removed has its id for a name."""

    id: str
    name: str


class CoverageBody(WireModel):
    """Seconds of footage and what became of them."""

    length: float
    analysed: float
    static: float
    gap: float
    dropped: float
    failed: float

    @classmethod
    def from_domain(cls, coverage: Coverage) -> Self:
        return cls(
            length=seconds(coverage.length),
            analysed=seconds(coverage.total(CoverageState.ANALYSED)),
            static=seconds(coverage.total(CoverageState.STATIC)),
            gap=seconds(coverage.total(CoverageState.GAP)),
            dropped=seconds(coverage.total(CoverageState.DROPPED)),
            failed=seconds(coverage.total(CoverageState.FAILED)),
        )


class CoveredSpanBody(WireModel):
    start: float
    end: float
    state: CoverageState
    frames: int
    cause: str

    @classmethod
    def from_domain(cls, covered: CoveredSpan) -> Self:
        start, end = ends(covered.span)
        return cls(start=start, end=end, state=covered.state, frames=covered.frames, cause=covered.cause)


class MomentBody(WireModel):
    """A stretch of a recording. ``camera`` is the one that filmed it, None where it was brought; ``happened_at`` the
    wall clock at its start, None where that is unknown.
    """

    recording: RecordingRef
    camera: CameraRef | None
    start: float
    end: float
    happened_at: datetime | None
    text: str
    score: float
    sources: tuple[str, ...]

    @classmethod
    def of(cls, moment: Moment, origins: Mapping[str, Origin]) -> Self:
        """``moment``; ``origins`` by the ids of recordings has that of its own, where that is there still."""
        start, end = ends(moment.span)
        origin = origins.get(moment.recording_id, Origin())
        return cls(
            recording=RecordingRef(id=moment.recording_id, title=moment.title),
            camera=CameraRef(id=origin.camera, name=origin.camera_name) if origin.camera else None,
            start=start,
            end=end,
            happened_at=None if origin.started_at is None else origin.started_at + moment.span.start,
            text=moment.text,
            score=round(moment.score, 4),
            sources=tuple(source.value for source in moment.sources),
        )


class UsageBody(WireModel):
    """What looks by a model cost: tokens in, those of them it had cached, tokens out, seconds, money.

    ``uncited`` counts what it said of times that it was not shown, and that was dropped for it.
    """

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    seconds: float
    cost: float
    uncited: int

    @classmethod
    def from_domain(cls, usage: Usage) -> Self:
        return cls(**asdict(usage))


class CitationBody(WireModel):
    sentence: str
    moment: MomentBody

    @classmethod
    def of(cls, citation: Citation, origins: Mapping[str, Origin]) -> Self:
        return cls(sentence=citation.sentence, moment=MomentBody.of(citation.moment, origins))


class AnswerBody(WireModel):
    """A [number] in ``answer`` counts ``moments`` from 1. ``rejected`` is what a model looked at in vain, and why."""

    found: bool
    answer: str | None
    moments: tuple[MomentBody, ...]
    citations: tuple[CitationBody, ...]
    rejected: tuple[CitationBody, ...]
    coverage: CoverageBody
    given_by: str
    notes: tuple[str, ...]
    usage: UsageBody

    @classmethod
    def of(cls, answer: Answer, origins: Mapping[str, Origin]) -> Self:
        return cls(
            found=answer.found,
            answer=answer.text,
            moments=tuple(MomentBody.of(moment, origins) for moment in answer.moments),
            citations=tuple(CitationBody.of(citation, origins) for citation in answer.citations),
            rejected=tuple(CitationBody.of(citation, origins) for citation in answer.rejected),
            coverage=CoverageBody.from_domain(answer.coverage),
            given_by=answer.given_by,
            notes=answer.notes,
            usage=UsageBody.from_domain(answer.usage),
        )


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


class LookBody(WireModel):
    """What a model did with a recording: what it was told to look for, what it looked at, what of that failed."""

    model: str
    prompt: str
    coverage: CoverageBody
    failures: tuple[str, ...]
    usage: UsageBody


class RecordingDetails(WireModel):
    """Everything that was found in a recording."""

    recording: RecordingBody
    coverage: CoverageBody | None
    model: LookBody | None
    chapters: tuple[ChapterBody, ...]
    events: tuple[EventBody, ...]
    cues: tuple[CueBody, ...]


class SearchBody(WireModel):
    """Ranked moments, without a verdict."""

    moments: tuple[MomentBody, ...]


class CoverageDetails(WireModel):
    """What one kind of analysis looked at."""

    recording: RecordingRef
    kind: AnalysisKind
    coverage: CoverageBody
    spans: tuple[CoveredSpanBody, ...]


def seconds(time: timedelta) -> float:
    """``time`` in seconds, to the microsecond."""
    return time.total_seconds()


def ends(span: Span) -> tuple[float, float]:
    return seconds(span.start), seconds(span.end)
