"""A yard in which a van leaves and people come, as an index knows it, and close looks at it without a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from indexer.embedding import load
from indexer.lexicon import IndexLexicon
from videoqa.answering.answering import Answering
from videoqa.answering.grounded import GroundedAnswering
from videoqa.errors import NoSuchFile
from videoqa.events import Event, Source
from videoqa.media import (
    ZERO,
    Coverage,
    CoverageState,
    CoveredSpan,
    Cue,
    Recording,
    RecordingState,
    Sampling,
    Span,
)
from videoqa.passages import passages
from videoqa.ports import AnalysisKind, Closeup, Grounder, Look, RecordedLook, TimelineChange
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.search import MemorySearch

EMBEDDER = load()
NOW = datetime(2025, 11, 21, 12, tzinfo=UTC)
LENGTH = timedelta(minutes=5)


def seconds(start: float, end: float) -> Span:
    return Span(timedelta(seconds=start), timedelta(seconds=end))


def recording(name: str, length: timedelta = LENGTH) -> Recording:
    return Recording(name, f"{name}.mp4", f"/{name}.mp4", name, length, RecordingState.INDEXED)


def motion(name: str, start: float, end: float, strength: float = 0.5) -> Event:
    told = "motion in the lower left, moving right"
    span = seconds(start, end)
    return Event(f"{name}-{start}", name, span, "motion", told, Source.MOTION, (span.start,), strength=strength)


def seen(name: str, start: float, end: float, told: str) -> Event:
    """An event of a model."""
    span = seconds(start, end)
    return Event(f"{name}-{start}m", name, span, told, told, Source.MODEL, (span.start,), 0.7, seen_by="tiny")


YARD = recording("yard")
MOTIONS = (motion("yard", 62, 93, 0.9), motion("yard", 150, 158, 0.7), motion("yard", 206, 236, 0.2))
TRUTH = {
    "somebody": [seconds(64, 90), seconds(210, 230)],
    "van": [seconds(151, 156)],
    "人": [seconds(64, 90), seconds(210, 230)],
}


class NoPictures:
    def jpeg(self, pts: timedelta) -> bytes:
        return b"jpeg"


@dataclass
class SteadyCloseups:
    """Implements ``Closeups``: a frame every period. Files in ``gone`` cannot be read."""

    gone: frozenset[str] = frozenset()
    taken: list[tuple[str, Span, Sampling]] = field(default_factory=list)

    def take(self, recording: Recording, span: Span, sampling: Sampling) -> Closeup:
        self.taken.append((recording.id, span, sampling))
        if recording.id in self.gone:
            raise NoSuchFile(problem="No such file or directory")
        count = -(-span.length // sampling.period)
        return Closeup(
            tuple(span.start + number * sampling.period for number in range(count)), (448, 256), NoPictures()
        )


@dataclass
class Place:
    """All that an answer needs."""

    archive: MemoryArchive
    index: Answering
    closeups: SteadyCloseups

    def grounded(self, grounder: Grounder) -> GroundedAnswering:
        return GroundedAnswering(self.index, self.archive, self.closeups, grounder)


def place(
    *recordings: Recording,
    events: Sequence[Event] = MOTIONS,
    cues: Sequence[Cue] = (),
    gone: frozenset[str] = frozenset(),
    by_model: bool = True,
) -> Place:
    archive = MemoryArchive()
    for made in recordings or (YARD,):
        added = archive.add(made)
        looked = Coverage(added.length, (CoveredSpan(Span(ZERO, added.length), CoverageState.ANALYSED, 60),))
        for kind, sources in ((AnalysisKind.SIGNALS, {Source.MOTION}), (AnalysisKind.MODEL, {Source.MODEL})):
            own = tuple(event for event in events if event.recording_id == added.id and event.source in sources)
            told = tuple(cues) if kind is AnalysisKind.SIGNALS else ()
            if kind is AnalysisKind.MODEL and not by_model:
                continue
            analysis = archive.begin(added.id, kind.value, Sampling(), added.length, told, kind=kind)
            if own:
                archive.set_plan(analysis, [ZERO], [])
                archive.record(analysis, 0, RecordedLook(Look()), TimelineChange(closed=own))
            archive.finish(analysis, looked, (), passages(added, own, told, ()))
    index = Answering(MemorySearch(archive, EMBEDDER), archive, IndexLexicon(EMBEDDER), UTC, lambda: NOW)
    return Place(archive, index, SteadyCloseups(gone))
