"""The answers that were given."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from videoqa.events import Usage


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer that was given to a caller: ``document`` is the JSON that was sent, ``usage`` what it cost.

    ``right`` is the caller's verdict, None while there is none.
    """

    id: str
    owner: str
    asked_at: datetime
    question: str
    document: str
    usage: Usage
    right: bool | None = None
    note: str = ""


class AnswerLog(Protocol):
    """The answers that were given, what they cost and what those who asked thought of them."""

    def add(self, given: GivenAnswer) -> None: ...

    def given(self, answer_id: str) -> GivenAnswer | None: ...

    def judge(self, answer_id: str, *, right: bool, note: str) -> None: ...

    def judged(self) -> Iterator[GivenAnswer]:
        """Those with a verdict, the oldest first: for tuning."""
        ...

    def usage(self, owners: Collection[str] | None = None) -> Mapping[str, Usage]:
        """What answers cost, by the key that asked."""
        ...
