"""Indexes one recording in stages, each of which may be begun again at any time and goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from videoqa.errors import BadMedia, CalledOff, RecordingRemoved, SourceChanged, StorageError
from videoqa.events import Event
from videoqa.media import ZERO, Progress, Recording, RecordingState, Span
from videoqa.pipeline.admission import Admission, Admitted, failures
from videoqa.pipeline.coverage import covered, unseen
from videoqa.pipeline.looking import Cancelled, Looking
from videoqa.ports import (
    Analyser,
    Analysis,
    AnalysisKind,
    Archive,
    CueReader,
    Files,
    FootageReader,
    Passages,
    RecordingFilter,
    Spool,
    Timeline,
    TimelineChange,
    Transcriber,
    Unread,
)

_A_MOMENT = 1.0


@dataclass(frozen=True, slots=True)
class Indexing:
    """The way of a recording into the archive. Every stage is idempotent; none is safe to run twice at once.

    ``transcriber`` writes down what is said where no subtitles tell, None where nobody can.
    """

    files: Files
    reader: FootageReader
    cues: CueReader
    spool: Spool
    analyser: Analyser
    timeline: Timeline
    passages: Passages
    archive: Archive
    workers: int
    transcriber: Transcriber | None = None

    @property
    def admission(self) -> Admission:
        """What comes before the stages."""
        return Admission(self.files, self.reader, self.cues, self.analyser, self.archive, self.transcriber)

    def survey(self, path: str, admitted: Admitted, stop: Callable[[], bool]) -> None:
        """Decodes and gates the footage into the spool, from the last checkpoint on."""
        with self._unless_removed(admitted):
            self._survey(path, admitted, stop)

    def analyse(self, admitted: Admitted, stop: Callable[[], bool]) -> None:
        """Plans the groups, analyses those that are not recorded yet, and records them in order."""
        with self._unless_removed(admitted):
            self._analyse(admitted, stop)

    def _survey(self, path: str, admitted: Admitted, stop: Callable[[], bool]) -> None:
        recording, analysis = self._current(admitted)
        if self.is_done(admitted) or self.spool.is_finished(analysis):
            return
        since = self.spool.resume_at(analysis)
        reached = ZERO if since is None else since.pts
        beat = _Heartbeat(self.archive, recording.id, "survey")
        try:
            with self.reader.survey(path, self.analyser.sampling, since=since) as items:
                for item in items:
                    if stop():
                        raise Cancelled
                    self.spool.add(analysis, item)
                    reached = item.span.end if isinstance(item, Unread) else item.pts
                    if beat.tell(reached / recording.length):
                        self._current(admitted)
        except RecordingRemoved:
            raise
        except BadMedia as error:
            if not self.files.unchanged(path, admitted.identity):
                self.spool.discard(analysis)
                raise SourceChanged from error
            self._give_up(analysis, recording, reached, error)
        if not self.files.unchanged(path, admitted.identity):
            self.spool.discard(analysis)
            raise SourceChanged
        self.spool.finish(analysis)

    def _analyse(self, admitted: Admitted, stop: Callable[[], bool]) -> None:
        recording, analysis_id = self._current(admitted)
        analysis = self.archive.analysis(analysis_id)
        if analysis is None:
            return
        if not analysis.groups:
            surveyed = self.spool.surveyed(analysis_id)
            cues = self.archive.analysis_cues(analysis_id)
            groups = self.analyser.plan(surveyed.kept, cues, surveyed.size or (0, 0), recording.length)
            self.archive.set_plan(analysis_id, surveyed.kept, groups, surveyed.size)
            analysis = self.archive.analysis(analysis_id) or analysis
        beat = _Heartbeat(self.archive, recording.id, self._stage)
        unread = unseen(self.spool.surveyed(analysis_id))
        events = _Events.of(self.archive, analysis)
        looking = Looking(self.archive, self.analyser, self.spool, self.workers)
        for group, recorded in looking.looks(analysis, stop, again=admitted.again):
            if stop():
                raise Cancelled
            seen = None if recorded.failure is not None else recorded.look.observations
            change = self.timeline.advance(analysis, group, seen, events.open, events.every, unread=unread)
            self.archive.record(analysis_id, group.number, recorded, change)
            events.take(change)
            beat.tell((group.number + 1) / len(analysis.groups))

    def finish(self, admitted: Admitted) -> None:
        """Makes what was found searchable, in the place of what was there before."""
        recording, analysis_id = self._current(admitted)
        analysis = self.archive.analysis(analysis_id)
        if analysis is None or analysis.finished:
            self.spool.discard(analysis_id)
            return
        surveyed = self.spool.surveyed(analysis_id)
        cues = self.archive.analysis_cues(analysis_id)
        events = self.archive.analysis_events(analysis_id)
        failed_looks = failures(self.archive, analysis_id)
        by_signals = analysis.kind is AnalysisKind.SIGNALS
        chapters = self.timeline.chapters(recording.length, events, cues) if by_signals else ()
        failed = [group.span for group in analysis.groups if group.number in failed_looks]
        reasons = [unread.reason for unread in surveyed.unread] + list(failed_looks.values())
        # Before the end is written: a kill after that leaves nothing to be done but to clear away.
        self._note(recording, reasons, RecordingState.INDEXING)
        self.archive.finish(
            analysis_id,
            covered(surveyed, recording.length, analysis.sampling.period, cues, failed),
            chapters,
            self.passages(recording, events, cues if by_signals else (), chapters),
        )
        self.spool.discard(analysis_id)

    def is_done(self, admitted: Admitted) -> bool:
        """True where the analysis has come to its end, perhaps through a copy of the file."""
        analysis = None if admitted.analysis_id is None else self.archive.analysis(admitted.analysis_id)
        return analysis is not None and analysis.finished

    def fail(self, recording_id: str, reason: str) -> None:
        """Writes down that the recording cannot be indexed, and why; what was found in it before stays searchable."""
        if (recording := self.archive.recording(recording_id)) is not None:
            self._note(recording, [reason], RecordingState.FAILED)
        self.clear()

    def call_off(self, admitted: Admitted) -> None:
        """Writes down that the work was called off, and discards its frames: whoever wants it done after all has them
        made anew.
        """
        self.fail(admitted.recording_id, str(CalledOff()))
        if admitted.analysis_id is not None:
            self.spool.discard(admitted.analysis_id)

    def clear(self, under_way: Collection[str] | None = None) -> None:
        """Discards the frames of every analysis that has ended, or whose recording was removed; where it is known which
        recordings are ``under_way``, by their ids, those of all others too.
        """
        for analysis_id in self.spool.analyses():
            analysis = self.archive.analysis(analysis_id)
            over = analysis is None or analysis.finished
            if over or (under_way is not None and analysis is not None and analysis.recording_id not in under_way):
                self.spool.discard(analysis_id)

    def settle(self, under_way: Collection[str]) -> None:
        """Tells on recordings that their work was called off, where whoever was at it was killed before it could, and
        discards the frames of all that nobody works on.

        These say that they are being indexed and are not among the ids ``under_way``.
        """
        for recording_id in self.archive.ids(RecordingFilter(state=RecordingState.INDEXING)).difference(under_way):
            self.fail(recording_id, str(CalledOff()))
        self.clear(under_way)

    @property
    def _stage(self) -> str:
        return "analysis" if self.analyser.kind is AnalysisKind.SIGNALS else f"analysis by {self.analyser.seen_by}"

    def _note(self, recording: Recording, problems: list[str], state: RecordingState) -> None:
        """Adds ``problems``. What a model could not do is told by its analysis: signals found what they found."""
        if self.analyser.kind is AnalysisKind.SIGNALS:
            self.archive.set_state(recording.id, state, list(dict.fromkeys([*recording.problems, *problems])))

    @contextmanager
    def _unless_removed(self, admitted: Admitted) -> Iterator[None]:
        """Who removes a recording takes its frames away under those that work on it: that is no fault of the disk."""
        try:
            yield
        except StorageError:
            self._current(admitted)
            raise

    def _current(self, admitted: Admitted) -> tuple[Recording, str]:
        recording = self.archive.recording(admitted.recording_id)
        if recording is None or admitted.analysis_id is None:
            raise RecordingRemoved
        return recording, admitted.analysis_id

    def _give_up(self, analysis_id: str, recording: Recording, reached: timedelta, error: BadMedia) -> None:
        """What came before the damage is kept; what lies behind it is said to be unread."""
        surveyed = self.spool.surveyed(analysis_id)
        if not (surveyed.kept or surveyed.static) and not self.archive.analysis_cues(analysis_id):
            raise error
        if reached < recording.length:
            self.spool.add(analysis_id, Unread(Span(reached, recording.length), str(error), failed=True))


class _Events:
    """The events of an analysis as the archive has them. To read all of them for each group would take the longer the
    more there are.
    """

    def __init__(self, analysis: Analysis, every: Iterable[Event], is_open: Iterable[Event]) -> None:
        self._analysis = analysis
        self._every = {event.id: event for event in every}
        self._open = {event.id for event in is_open}

    @classmethod
    def of(cls, archive: Archive, analysis: Analysis) -> Self:
        return cls(analysis, archive.analysis_events(analysis.id), archive.open_events(analysis.id))

    @property
    def every(self) -> tuple[Event, ...]:
        """In order of time."""
        return tuple(sorted(self._every.values(), key=_place))

    @property
    def open(self) -> tuple[Event, ...]:
        return tuple(sorted((self._every[event_id] for event_id in self._open), key=_place))

    def take(self, change: TimelineChange) -> None:
        """Knows what was recorded."""
        for event in (*change.opened, *change.updated, *change.closed):
            known = replace(event, recording_id=self._analysis.recording_id, seen_by=self._analysis.seen_by)
            self._every[event.id] = known
        self._open.update(event.id for event in (*change.opened, *change.updated))
        self._open.difference_update(event.id for event in change.closed)


@dataclass(slots=True)
class _Heartbeat:
    """Tells the archive about progress, at most once a second."""

    archive: Archive
    recording_id: str
    stage: str
    last: float = 0.0

    def tell(self, done: float) -> bool:
        """True where it was time to tell."""
        if (now := time.monotonic()) - self.last < _A_MOMENT:
            return False
        self.last = now
        self.archive.set_progress(self.recording_id, Progress(self.stage, min(max(done, 0.0), 1.0)))
        return True


def _place(event: Event) -> tuple[Span, str]:
    return event.span, event.id
