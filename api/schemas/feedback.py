"""What the routes about feedback take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from api.schemas.answers import GivenAnswerBody
from api.schemas.wire import WireModel
from videoqa.ports import GivenAnswer


class FeedbackBody(WireModel):
    """What whoever asked says of an answer."""

    right: Annotated[bool, Field(strict=True)]
    note: Annotated[str, Field(max_length=4000)] = ""


class JudgedAnswer(WireModel):
    """An answer with its verdict, as a row of truth for ``videoqa eval`` where it was right.

    ``spans`` are those of the moments that the answer cites, in ``recording``, that of the first. Of a wrong answer
    nobody knows where the right one lies: its ``spans`` are what was told in vain.
    """

    id: str
    recording: str | None
    question: str
    spans: tuple[tuple[float, float], ...]
    answerable: bool
    right: Annotated[bool, Field(strict=True)]
    note: str
    asked_at: datetime
    answer: str | None
    given_by: str

    @classmethod
    def from_domain(cls, given: GivenAnswer) -> Self:
        told = GivenAnswerBody.model_validate_json(given.document)
        moments = [citation.moment for citation in told.citations] or list(told.moments)
        first = moments[0].recording.id if told.found and moments else None
        spans = [(moment.start, moment.end) for moment in moments if moment.recording.id == first]
        return cls(
            id=given.id,
            recording=first,
            question=given.question,
            spans=tuple(dict.fromkeys(spans)),
            answerable=first is not None,
            right=bool(given.right),
            note=given.note,
            asked_at=given.asked_at,
            answer=told.answer,
            given_by=told.given_by,
        )
