"""An archive in memory."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from videoqa.errors import RecordingRemoved
from videoqa.events import Chapter, Event, Passage
from videoqa.media import ZERO, Coverage, CoverageState, Cue, FrameGroup, Recording, RecordingState, Sampling
from videoqa.ports import (
    Analysis,
    AnalysisKind,
    EventFilter,
    EventPlace,
    FoundEvent,
    OwnerUsage,
    RecordedLook,
    RecordingFilter,
    RecordingUsage,
    TimelineChange,
    Usage,
)
from videoqa.testing.recordings import MemoryRecordings


class MemoryArchive(MemoryRecordings):
    """Implements ``Archive``. Safe to use from several threads at once."""

    def __init__(self) -> None:
        super().__init__()
        self._analyses: dict[str, _Kept] = {}
        self._removed = set[str]()

    def remove(self, recording_id: str) -> None:
        with self._lock:
            if self._recordings.pop(recording_id, None) is not None:
                self._removed.add(recording_id)
            self._progress.pop(recording_id, None)
            for analysis_id in [kept.plan.id for kept in self._of(recording_id)]:
                del self._analyses[analysis_id]

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
        with self._lock:
            if recording_id not in self._recordings:
                raise RecordingRemoved
            for kept in self._of(recording_id):
                if (kept.plan.kind, kept.plan.fingerprint) == (kind, fingerprint) and not kept.plan.finished:
                    return kept.plan.id
            analysis_id = f"analysis-{next(self._numbers):06}"
            plan = Analysis(analysis_id, recording_id, fingerprint, sampling, (), (), 0, finished=False)
            plan = replace(plan, kind=kind, seen_by=seen_by, prompt=prompt)
            self._analyses[analysis_id] = _Kept(plan, tuple(cues))
            self._recordings[recording_id] = replace(self._recordings[recording_id], length=length)
            return analysis_id

    def set_plan(
        self,
        analysis_id: str,
        times: Sequence[timedelta],
        groups: Sequence[FrameGroup],
        size: tuple[int, int] | None = None,
    ) -> None:
        with self._lock:
            kept = self._unfinished(analysis_id)
            if kept.plan.next_group:
                raise ValueError(f"analysis {analysis_id} has recorded groups; its plan stands")
            kept.plan = replace(kept.plan, times=tuple(times), groups=tuple(groups), size=size)

    def analysis(self, analysis_id: str) -> Analysis | None:
        kept = self._analyses.get(analysis_id)
        return None if kept is None else kept.plan

    def finished_analysis(self, recording_id: str, kind: AnalysisKind = AnalysisKind.SIGNALS) -> Analysis | None:
        kept = self._finished(recording_id, kind)
        return None if kept is None else kept.plan

    def open_events(self, analysis_id: str) -> tuple[Event, ...]:
        with self._lock:
            kept = self._analyses.get(analysis_id)
            return () if kept is None else _in_order(_signed(kept.events[event_id], kept) for event_id in kept.open)

    def record(self, analysis_id: str, number: int, recorded: RecordedLook, change: TimelineChange) -> None:
        with self._lock:
            kept = self._unfinished(analysis_id)
            if number < kept.plan.next_group:
                return
            if number > kept.plan.next_group:
                raise ValueError(f"group {number} was recorded before group {kept.plan.next_group}")
            for event in (*change.opened, *change.updated):
                kept.events[event.id] = event
                kept.open.add(event.id)
            for event in change.closed:
                kept.events[event.id] = event
                kept.open.discard(event.id)
            kept.looks[number] = recorded
            kept.plan = replace(kept.plan, next_group=number + 1)

    def looks(self, analysis_id: str) -> Mapping[int, RecordedLook]:
        kept = self._analyses.get(analysis_id)
        return {} if kept is None else dict(kept.looks)

    def usage(self, recording_id: str) -> Usage:
        with self._lock:
            looks = [recorded.look for kept in self._of(recording_id) for recorded in kept.looks.values()]
            return sum((look.usage for look in looks), Usage())

    def usages(self, wanted: RecordingFilter, after: str | None = None, limit: int = 50) -> tuple[RecordingUsage, ...]:
        with self._lock:
            later = sorted(each for each in self.ids(wanted) if after is None or each > after)
            found = [self._recordings[recording_id] for recording_id in later[:limit]]
            return tuple(RecordingUsage(each.id, each.owner, each.length, self.usage(each.id)) for each in found)

    def owners(self, wanted: RecordingFilter) -> tuple[OwnerUsage, ...]:
        with self._lock:
            spent: dict[str, OwnerUsage] = {}
            for each in self.usages(wanted, limit=sys.maxsize):
                known = spent.get(each.owner, OwnerUsage(each.owner, ZERO, Usage()))
                spent[each.owner] = OwnerUsage(each.owner, known.footage + each.footage, known.usage + each.usage)
            return tuple(spent[owner] for owner in sorted(spent))

    def finish(
        self, analysis_id: str, coverage: Coverage, chapters: Sequence[Chapter], passages: Sequence[Passage]
    ) -> None:
        with self._lock:
            kept = self._one(analysis_id)
            if kept.plan.finished:
                return
            for other in list(self._of(kept.plan.recording_id)):
                if other is kept:
                    break
                if other.plan.kind is kept.plan.kind:
                    del self._analyses[other.plan.id]
            kept.coverage, kept.chapters, kept.passages = coverage, tuple(chapters), tuple(passages)
            kept.open.clear()
            kept.plan = replace(kept.plan, finished=True)
            if kept.plan.kind is AnalysisKind.SIGNALS:
                self.set_state(kept.plan.recording_id, RecordingState.INDEXED)

    def events(self, recording_id: str) -> tuple[Event, ...]:
        with self._lock:
            shown = [
                kept for kept in self._of(recording_id) if kept.plan.finished or kept.plan.kind is AnalysisKind.RULES
            ]
            return _in_order(_signed(event, kept) for kept in shown for event in kept.events.values())

    def was_removed(self, recording_id: str) -> bool:
        return recording_id in self._removed and recording_id not in self._recordings

    def put(self, event: Event, *, is_open: bool) -> bool:
        """Puts the event among those of its recording's analysis by rules, for an alert log in memory.

        False where the recording is not there.
        """
        with self._lock:
            if event.recording_id not in self._recordings:
                return False
            by_rules = [kept for kept in self._of(event.recording_id) if kept.plan.kind is AnalysisKind.RULES]
            if not by_rules:
                raise ValueError(f"no analysis by rules of the recording {event.recording_id} was begun")
            kept = by_rules[-1]
            kept.events[event.id] = event
            kept.witnessed.add(event.id)
            kept.open.discard(event.id)
            if is_open and not kept.plan.finished:
                kept.open.add(event.id)
            return True

    def find_events(
        self, wanted: EventFilter, after: EventPlace | None = None, limit: int = 50
    ) -> tuple[FoundEvent, ...]:
        with self._lock:
            every = (
                FoundEvent(self._recordings[recording_id], event)
                for recording_id in self.ids(wanted.recordings)
                for event in self.events(recording_id)
            )
            found = sorted(filter(partial(_wanted_event, wanted), every), key=_place, reverse=True)
            last = None if after is None else (after.at, after.event_id)
            return tuple(each for each in found if last is None or _place(each) < last)[:limit]

    def analysis_events(self, analysis_id: str) -> tuple[Event, ...]:
        with self._lock:
            kept = self._analyses.get(analysis_id)
            return () if kept is None else _in_order(_signed(event, kept) for event in kept.events.values())

    def analysis_cues(self, analysis_id: str) -> tuple[Cue, ...]:
        kept = self._analyses.get(analysis_id)
        return () if kept is None else kept.cues

    def cues(self, recording_id: str) -> tuple[Cue, ...]:
        kept = self._finished(recording_id)
        return () if kept is None else kept.cues

    def chapters(self, recording_id: str) -> tuple[Chapter, ...]:
        kept = self._finished(recording_id)
        return () if kept is None else kept.chapters

    def coverage(self, recording_id: str, kind: AnalysisKind = AnalysisKind.SIGNALS) -> Coverage | None:
        kept = self._finished(recording_id, kind)
        return None if kept is None else kept.coverage

    def coverages(
        self,
        recording_ids: Collection[str],
        kind: AnalysisKind = AnalysisKind.SIGNALS,
        state: CoverageState | None = None,
    ) -> Mapping[str, Coverage]:
        with self._lock:
            known = {each: self.coverage(each, kind) for each in recording_ids}
        return {
            each: Coverage(
                coverage.length, tuple(covered for covered in coverage.spans if state in {None, covered.state})
            )
            for each, coverage in known.items()
            if coverage is not None
        }

    def total_coverage(self, recording_ids: Collection[str], kind: AnalysisKind = AnalysisKind.SIGNALS) -> Coverage:
        length, totals = ZERO, dict.fromkeys(CoverageState, ZERO)
        for recording in self.recordings():
            if recording.id in recording_ids:
                coverage = self.coverage(recording.id, kind) or Coverage(recording.length)
                length += coverage.length
                for state in totals:
                    totals[state] += coverage.total(state)
        return Coverage.of_totals(length, totals)

    def passages(self) -> tuple[tuple[Recording, Passage], ...]:
        """Everything that can be found, for a search in memory."""
        with self._lock:
            return tuple(
                (self._recordings[kept.plan.recording_id], passage)
                for kept in self._analyses.values()
                for passage in kept.passages
            )

    def _of(self, recording_id: str) -> list[_Kept]:
        return [kept for kept in self._analyses.values() if kept.plan.recording_id == recording_id]

    def _finished(self, recording_id: str, kind: AnalysisKind = AnalysisKind.SIGNALS) -> _Kept | None:
        with self._lock:
            made = (kept for kept in self._of(recording_id) if kept.plan.kind is kind)
            return next((kept for kept in made if kept.plan.finished), None)

    def _one(self, analysis_id: str) -> _Kept:
        if analysis_id not in self._analyses:
            raise RecordingRemoved
        return self._analyses[analysis_id]

    def _unfinished(self, analysis_id: str) -> _Kept:
        kept = self._one(analysis_id)
        if kept.plan.finished:
            raise ValueError(f"analysis {analysis_id} is finished")
        return kept


@dataclass(slots=True)
class _Kept:
    """An analysis with all that belongs to it."""

    plan: Analysis
    cues: tuple[Cue, ...]
    events: dict[str, Event] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    witnessed: set[str] = field(default_factory=set)
    looks: dict[int, RecordedLook] = field(default_factory=dict)
    coverage: Coverage | None = None
    chapters: tuple[Chapter, ...] = ()
    passages: tuple[Passage, ...] = ()


def _signed(event: Event, kept: _Kept) -> Event:
    return event if event.id in kept.witnessed else replace(event, seen_by=kept.plan.seen_by)


def _in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda event: (event.span, event.id)))


def _wanted_event(wanted: EventFilter, found: FoundEvent) -> bool:
    happened = found.happened_at
    return (
        (not wanted.label or wanted.label.lower() == found.event.label.lower())
        and (wanted.source is None or wanted.source is found.event.source)
        and (wanted.happened_from is None or (happened is not None and happened >= wanted.happened_from))
        and (wanted.happened_before is None or (happened is not None and happened < wanted.happened_before))
    )


def _place(found: FoundEvent) -> tuple[datetime, str]:
    return found.place.at, found.place.event_id
