"""What is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from videoqa.access import Scope
from videoqa.events import Chapter, Event, Passage, Source, Usage
from videoqa.media import Coverage, CoverageState, Cue, FrameGroup, Progress, Recording, RecordingState, Sampling
from videoqa.ports.analysis import Analysis, AnalysisKind, RecordedLook, TimelineChange


@dataclass(frozen=True, slots=True)
class RecordingFilter:
    """Which recordings: all that ``scope`` covers, unless a field says otherwise.

    ``ids`` are those it may be one of. ``title`` is a part of the title, whatever its case; ``tag`` one of the tags;
    ``started_from`` and ``started_before`` bound the wall clock at its start, aware and in UTC: one whose wall clock is
    unknown is outside of every bound. ``digest`` is that of the content.
    """

    scope: Scope = Scope()
    ids: frozenset[str] | None = None
    title: str = ""
    tag: str = ""
    camera: str = ""
    state: RecordingState | None = None
    owner: str | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: all of the ``recordings``, unless a field says otherwise.

    ``label`` is the event's, whatever its case. ``happened_from`` and ``happened_before`` bound the wall clock at its
    start, aware and in UTC: one whose wall clock is unknown is outside of every bound.
    """

    recordings: RecordingFilter = RecordingFilter()
    label: str = ""
    source: Source | None = None
    happened_from: datetime | None = None
    happened_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventPlace:
    """A place in the list of events: that of the event ``event_id``, be it still there or not."""

    at: datetime
    event_id: str


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event, and the recording that it is of."""

    recording: Recording
    event: Event

    @property
    def happened_at(self) -> datetime | None:
        """The wall clock at its start, aware and in UTC; None where it is unknown."""
        began = self.recording.started_at
        return None if began is None else began + self.event.span.start

    @property
    def place(self) -> EventPlace:
        """Where it stands among others: by its wall clock, or else as if the recording began when it was added."""
        began = self.recording.started_at or self.recording.added_at or _EPOCH
        return EventPlace(began + self.event.span.start, self.event.id)


@dataclass(frozen=True, slots=True)
class RecordingUsage:
    """What a recording cost whoever brought it: ``owner`` as the recording has it, ``footage`` its length."""

    recording_id: str
    owner: str
    footage: timedelta
    usage: Usage


@dataclass(frozen=True, slots=True)
class OwnerUsage:
    """What all recordings of ``owner`` cost together, and how long they are."""

    owner: str
    footage: timedelta
    usage: Usage


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Archive(Protocol):
    """Keeps recordings, their analyses and what these found. Every method is one transaction.

    Raises ``StorageError`` where the data cannot be read or written.
    """

    def add(self, recording: Recording) -> Recording:
        """Adds ``recording``, or returns the one with the same digest in the same space that is there already.

        One without ``added_at`` was added now.
        """
        ...

    def recordings(self) -> tuple[Recording, ...]:
        """Every recording, in the order of their titles."""
        ...

    def page(self, wanted: RecordingFilter, after: str | None = None, limit: int = 50) -> tuple[Recording, ...]:
        """Recordings, those added last first, from behind the recording of the id ``after`` on.

        Raises:
            UnknownRecording: there is none of the id ``after``.
        """
        ...

    def ids(self, wanted: RecordingFilter) -> frozenset[str]: ...

    def tag(self, recording_id: str, tags: Collection[str]) -> None:
        """Gives the recording these tags in place of those it has."""
        ...

    def recording(self, recording_id: str) -> Recording | None: ...

    def describe(
        self,
        recording_id: str,
        *,
        length: timedelta,
        started_at: datetime | None,
        title: str | None = None,
        source: str | None = None,
        prompt: str | None = None,
    ) -> None:
        """Writes down what was found out of the recording; what is None of the last three stays as it is."""
        ...

    def amend(
        self,
        recording_id: str,
        *,
        title: str | None = None,
        started_at: datetime | None = None,
        prompt: str | None = None,
    ) -> None:
        """Writes down what somebody says of the recording; what is None stays as it is."""
        ...

    def set_state(self, recording_id: str, state: RecordingState, problems: Sequence[str] | None = None) -> None: ...

    def close(self, recording_id: str, *, length: timedelta, digest: str) -> None:
        """Ends a recording that is under way: how long it has become, its content's digest; it waits to be indexed.

        One that is not under way stays as it is. Where another one of its space has the same content, it gets a space
        of its own: two cameras that play one file are two cameras.
        """
        ...

    def set_progress(self, recording_id: str, progress: Progress) -> None: ...

    def progress(self, recording_id: str) -> Progress | None:
        """How far the work on the recording has come; None where none was ever reported."""
        ...

    def remove(self, recording_id: str) -> None:
        """Removes the recording with all that was found in it; nothing where it is not there."""
        ...

    def begin(
        self,
        recording_id: str,
        fingerprint: str,
        sampling: Sampling,
        length: timedelta,
        cues: Sequence[Cue],
        *,
        kind: AnalysisKind = AnalysisKind.SIGNALS,
        seen_by: str = "signals",
        prompt: str = "",
    ) -> str:
        """The id of the recording's unfinished analysis of ``kind`` and ``fingerprint``; begins one if need be."""
        ...

    def set_plan(
        self,
        analysis_id: str,
        times: Sequence[timedelta],
        groups: Sequence[FrameGroup],
        size: tuple[int, int] | None = None,
    ) -> None:
        """Stores the plan before its first group; ``size`` is the width and height of the kept frames in pixels."""
        ...

    def analysis(self, analysis_id: str) -> Analysis | None: ...

    def finished_analysis(self, recording_id: str, kind: AnalysisKind = AnalysisKind.SIGNALS) -> Analysis | None: ...

    def open_events(self, analysis_id: str) -> tuple[Event, ...]: ...

    def record(self, analysis_id: str, number: int, recorded: RecordedLook, change: TimelineChange) -> None:
        """Commits group ``number`` once: a second call with a number already recorded changes nothing."""
        ...

    def looks(self, analysis_id: str) -> Mapping[int, RecordedLook]:
        """What was recorded of each group, by its number."""
        ...

    def usage(self, recording_id: str) -> Usage:
        """What the recording's finished analyses, and those under way, cost all together."""
        ...

    def usages(self, wanted: RecordingFilter, after: str | None = None, limit: int = 50) -> tuple[RecordingUsage, ...]:
        """Of every recording its usage, as in ``usage``, and its footage; in the order of their ids, from behind the id
        ``after`` on.
        """
        ...

    def owners(self, wanted: RecordingFilter) -> tuple[OwnerUsage, ...]:
        """What the recordings of each owner come to, in the order of the owners' ids."""
        ...

    def finish(
        self, analysis_id: str, coverage: Coverage, chapters: Sequence[Chapter], passages: Sequence[Passage]
    ) -> None:
        """Ends the analysis and puts it in the place of its predecessor of the same kind, searchable, in one
        transaction.

        The recording's state is ``INDEXED`` from then on, where signals made it. A second call changes nothing.
        """
        ...

    def events(self, recording_id: str) -> tuple[Event, ...]:
        """The events of its finished analyses, of every kind, in order of time; those of rules at once."""
        ...

    def find_events(
        self, wanted: EventFilter, after: EventPlace | None = None, limit: int = 50
    ) -> tuple[FoundEvent, ...]:
        """Events as in ``events``, by their ``place``, the youngest first, from behind ``after`` on."""
        ...

    def analysis_events(self, analysis_id: str) -> tuple[Event, ...]: ...

    def analysis_cues(self, analysis_id: str) -> tuple[Cue, ...]: ...

    def cues(self, recording_id: str) -> tuple[Cue, ...]: ...

    def chapters(self, recording_id: str) -> tuple[Chapter, ...]: ...

    def coverage(self, recording_id: str, kind: AnalysisKind = AnalysisKind.SIGNALS) -> Coverage | None:
        """What the finished analysis of ``kind`` looked at; None where there is none."""
        ...

    def coverages(
        self,
        recording_ids: Collection[str],
        kind: AnalysisKind = AnalysisKind.SIGNALS,
        state: CoverageState | None = None,
    ) -> Mapping[str, Coverage]:
        """The coverage of each of these recordings that has one, by its id; of its spans those in ``state`` alone where
        one is named.
        """
        ...

    def total_coverage(self, recording_ids: Collection[str], kind: AnalysisKind = AnalysisKind.SIGNALS) -> Coverage:
        """The coverages of the recordings added up: the sum of their lengths, and of each state one span, end to end.

        A recording that has no finished analysis adds its length alone.
        """
        ...
