"""What is known of rules in plain language from one look to the next: what was seen, when, and how sure that is."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from videoqa.analyser.sentry.waiting import Shot
from videoqa.events import Usage
from videoqa.ports import Sighting

AGAIN = timedelta(seconds=5)
"""After a second look that said no the next one waits so long, then twice as long and so on, to ``SELDOM``."""
SELDOM = timedelta(seconds=60)


@dataclass(slots=True)
class Held:
    """What is known of one rule. ``seen_at`` is the last frame that ``sighting`` is true of; None while there is none.

    ``looked_at`` is when that was looked at last, and ``patience`` after how long a still scene is looked at again.
    ``rejected`` counts second looks that said no while the fast one said yes, ``doubts`` those that could not tell;
    none is taken before ``not_before``.
    """

    text: str
    sighting: Sighting | None = None
    seen_at: datetime | None = None
    looked_at: datetime | None = None
    patience: timedelta = AGAIN
    shots: tuple[Shot, ...] = ()
    rejected: int = 0
    doubts: int = 0
    not_before: datetime | None = None

    def is_due(self, at: datetime) -> bool:
        """True where it is looked for again though nothing is new: to be told what it is, or whether it is there."""
        if self.sighting is None:
            return self.doubts > 0 and self.not_before is not None and at >= self.not_before
        return self.looked_at is not None and at - self.looked_at >= self.patience

    def put_back(self, by: timedelta) -> None:
        """The wall clock was put back by so much."""
        self.seen_at = None if self.seen_at is None else self.seen_at - by
        self.looked_at = None if self.looked_at is None else self.looked_at - by
        self.not_before = None if self.not_before is None else self.not_before - by

    def without(self, now: datetime) -> Held:
        """After a fast look that said no. One that says yes in every other frame is not believed the sooner."""
        wary = self.not_before is not None and now < self.not_before + SELDOM
        return Held(self.text, rejected=self.rejected, not_before=self.not_before) if wary else Held(self.text)


@dataclass(slots=True)
class State:
    """``problem`` is why nobody could look at ``tried_at``; ``failed`` are the rules that this look told nothing of."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: dict[str, Held] = field(default_factory=dict)
    usage: Usage = Usage()
    problem: str = ""
    failed: frozenset[str] = frozenset()
    tried_at: datetime | None = None

    def blind(self, rules: Collection[str]) -> frozenset[str]:
        """Those of ``rules`` that nobody can look for."""
        return frozenset(rules) if self.problem else self.failed.intersection(rules)
