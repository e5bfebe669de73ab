"""Who watches the frames of a camera, and what is seen there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from videoqa.alerts import Alert, AlertRule, Verdict
from videoqa.events import Region, Usage
from videoqa.media import Frame, Span
from videoqa.ports.live import LiveFrame


@dataclass(frozen=True, slots=True)
class Change:
    """What of a frame is not part of the empty scene, on a grid of ``rows`` by ``columns`` places over the picture.

    ``news`` and ``moving`` have a byte a place, row by row from the top, 1 where it holds: where something is that
    stood out anew, and where something is that came by moving. ``admitted`` says that a model might see more in this
    frame than in those before it.
    """

    rows: int
    columns: int
    news: bytes
    moving: bytes
    admitted: bool


class Scenery(Protocol):
    """Learns what a camera sees where nothing happens: its noise, its leaves, its light. Used by one thread."""

    def change(self, frame: Frame) -> Change:
        """What ``frame`` shows beyond that; learns from it. Frames come in the order of their times."""
        ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """A rule's condition holds. ``identity`` is equal for two sightings of the same thing where that can be told, and
    empty otherwise, or as long as it cannot be told yet.

    ``frames`` are the pts that show it, in the recording under way. ``seen_at`` is when it was seen, None where that is
    the frame just looked at: a model's answer is about an earlier one.
    """

    confidence: float
    description: str
    region: Region | None = None
    identity: str = ""
    frames: tuple[timedelta, ...] = ()
    seen_at: datetime | None = None
    verdict: Verdict = Verdict.SIGNALS
    seen_by: str = "signals"
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class LookedAway:
    """A stretch of a recording under way that nobody looked at for ``rules``, and why."""

    span: Span
    rules: tuple[str, ...]
    cause: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look saw, by the ids of rules. A rule that is in neither was looked for and its condition does not hold.

    ``blind`` are those for which nobody could look, and ``problem`` why; ``away`` is what was given up since the look
    before, to be told as coverage.
    """

    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()
    problem: str = ""
    away: tuple[LookedAway, ...] = ()


class Sentry(Protocol):
    """Watches the frames of one camera for the conditions of rules. Used by one thread; it never raises."""

    def look(self, live: LiveFrame, rules: Collection[AlertRule]) -> Looked:
        """What is seen of ``rules`` now. It does not wait for a model: what that says is told with a later frame."""
        ...

    def begin(self) -> None:
        """Another recording begins: the pts start anew, and what is still being looked at was in the one before."""
        ...

    @property
    def usage(self) -> Usage:
        """What its looks have cost a model so far."""
        ...

    def close(self) -> None:
        """Gives up what is still to be looked at."""
        ...


class Sentries(Protocol):
    """Makes sentries. They share what looks with a model, fairly among cameras."""

    def sentry(self, camera: str, period: timedelta, known: Sequence[Alert] = (), *, waiting: bool = False) -> Sentry:
        """One for the frames of a camera, or of its recordings, that come every ``period``.

        ``known`` are alerts by whose identities the same thing is known again. With ``waiting`` each look waits until
        the model has answered, and nothing is given up: for recorded footage.
        """
        ...
