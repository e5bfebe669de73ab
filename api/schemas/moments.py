"""Moments that were found, and answers that stand on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from api.schemas.coverage import CoverageBody
from api.schemas.refs import CameraRef, RecordingRef
from api.schemas.usage import UsageBody
from api.schemas.wire import WireModel, ends
from videoqa.answers import Answer, Citation, Moment
from videoqa.catalogue import Origin


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


class SearchBody(WireModel):
    """Ranked moments, without a verdict."""

    moments: tuple[MomentBody, ...]


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
