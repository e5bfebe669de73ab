"""What looks by a model cost, and what the routes about that answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Self

from api.schemas.recordings import Page
from api.schemas.wire import WireModel, seconds
from videoqa.ports import RecordingUsage, Usage


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


class KeyUsage(WireModel):
    """What one key's doing cost: ``answers`` to its questions, ``indexing`` of the ``footage`` it brought, in seconds.

    ``key_id`` is empty for what was done without a key; ``name`` is None where the key is no longer known.
    """

    key_id: str
    name: str | None
    footage: float
    answers: UsageBody
    indexing: UsageBody


class RecordingCost(WireModel):
    """What a model's looks at a recording cost while it was indexed; ``footage`` is its length in seconds."""

    recording_id: str
    owner: str
    footage: float
    indexing: UsageBody

    @classmethod
    def from_domain(cls, spent: RecordingUsage) -> Self:
        return cls(
            recording_id=spent.recording_id,
            owner=spent.owner,
            footage=seconds(spent.footage),
            indexing=UsageBody.from_domain(spent.usage),
        )


class UsageReport(Page[RecordingCost]):
    """What was spent by each key, all of it, and on each recording, in the order of their ids."""

    keys: tuple[KeyUsage, ...]
