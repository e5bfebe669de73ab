"""What the use cases need of those who look, and what they find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from videoqa.events import Chapter, Event, Observation, Passage, Usage
from videoqa.media import Cue, FrameGroup, Recording, Sampling, Span
from videoqa.ports.footage import Pictures


class AnalysisKind(StrEnum):
    """Which of a recording's analyses one is: those of one kind take each other's place, others stand side by side."""

    SIGNALS = "signals"
    MODEL = "model"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """A group and the tokens it costs a model."""

    group: FrameGroup
    tokens: int


@dataclass(frozen=True, slots=True)
class Brief:
    """What an analyser is told beside the group: what to look for, and what the groups before it showed.

    ``seen_by`` is who the analysis is said to be by, so that nobody else looks at a part of it; empty for whoever can.
    """

    prompt: str = ""
    before: str = ""
    seen_by: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What an analyser says of one group. ``summary`` is for the groups after it."""

    observations: tuple[Observation, ...] = ()
    summary: str = ""
    usage: Usage = Usage()


class Analyser(Protocol):
    """Says what is to be seen in a group."""

    @property
    def kind(self) -> AnalysisKind:
        """Which of a recording's analyses it makes; those of other kinds stand beside it."""
        ...

    @property
    def seen_by(self) -> str:
        """Who is said to have seen its events: "signals", or the name of a model."""
        ...

    @property
    def in_turn(self) -> bool:
        """True where each group is told what the ones before it showed, so that none may be analysed beside another."""
        ...

    @property
    def fingerprint(self) -> str:
        """A word for everything about it that changes what it says: its name, version, model, prompts."""
        ...

    @property
    def sampling(self) -> Sampling: ...

    def plan(
        self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int], length: timedelta
    ) -> tuple[FrameGroup, ...]:
        """The groups it wants the kept frames of a recording of ``length`` in, which together cover all of it.

        ``size`` is the width and height of a frame in pixels. What a frame shows holds until the next kept one.
        """
        ...

    def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
        """What is to be seen in ``group``. Safe to call from several threads at once.

        Raises:
            ModelUnreachable: it cannot look now; the group waits.
            VideoqaError: it looked, and what it said cannot be used; the group is a failed look.
        """
        ...


@dataclass(frozen=True, slots=True)
class Analysis:
    """One recording under one fingerprint. ``groups`` is its plan, ``next_group`` the first one not yet recorded.

    ``prompt`` is what it was told to look for, beside what its analyser always looks for.
    """

    id: str
    recording_id: str
    fingerprint: str
    sampling: Sampling
    times: tuple[timedelta, ...]
    groups: tuple[FrameGroup, ...]
    next_group: int
    finished: bool
    size: tuple[int, int] | None = None
    kind: AnalysisKind = AnalysisKind.SIGNALS
    seen_by: str = "signals"
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """What is kept of one group: its look, or why it failed."""

    look: Look
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineChange:
    """What a group did to the events of its analysis. ``opened`` and ``updated`` go on past the group's end."""

    opened: tuple[Event, ...] = ()
    updated: tuple[Event, ...] = ()
    closed: tuple[Event, ...] = ()


class Timeline(Protocol):
    """Decides which event an observation belongs to. Pure: the same input gives the same events and the same ids."""

    def advance(
        self,
        analysis: Analysis,
        group: FrameGroup,
        observations: Sequence[Observation] | None,
        open_events: Sequence[Event],
        earlier: Sequence[Event],
        *,
        unread: Sequence[Span] = (),
    ) -> TimelineChange:
        """The events after ``group``. ``earlier`` are those of the analysis so far, by which a revisit is known.

        ``observations`` are None where the look failed: what was open ends, and nothing goes on beyond the group.
        ``unread`` are the stretches that nobody saw, rising: what is not seen behind one ends where it begins.
        """
        ...

    def chapters(self, length: timedelta, events: Sequence[Event], cues: Sequence[Cue]) -> tuple[Chapter, ...]: ...


class Passages(Protocol):
    """Makes the texts by which a recording is found. Pure."""

    def __call__(
        self, recording: Recording, events: Sequence[Event], cues: Sequence[Cue], chapters: Sequence[Chapter]
    ) -> tuple[Passage, ...]: ...
