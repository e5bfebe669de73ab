"""Indexes one recording in stages, each of which may be begun again at any time and goes on where it was."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from videoqa.errors import BadMedia, EmptyFootage, RecordingRemoved, SourceChanged, Unexpected
from videoqa.events import Observation
from videoqa.media import ZERO, Cue, FrameGroup, Progress, Recording, RecordingState, Span
from videoqa.pipeline.coverage import covered
from videoqa.ports import (
    Analyser,
    Archive,
    CueReader,
    FileIdentity,
    Files,
    FootageReader,
    Passages,
    Spool,
    Timeline,
    Unread,
)
from videoqa.times import clock_span

_log = logging.getLogger(__name__)
_A_MOMENT = 1.0
_VERSION = 1
"""Raised whenever events, chapters, passages or coverage are made otherwise, so that recordings are analysed again."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A recording that is ready for its survey; ``analysis_id`` is None where nothing is left to do."""

    recording_id: str
    analysis_id: str | None
    identity: FileIdentity


class Cancelled(Exception):
    """The work was told to stop; it goes on from here when it is begun again."""


@dataclass(frozen=True, slots=True)
class Indexing:
    """The way of a recording into the archive. Every stage is idempotent; none is safe to run twice at once."""

    files: Files
    reader: FootageReader
    cues: CueReader
    spool: Spool
    analyser: Analyser
    timeline: Timeline
    passages: Passages
    archive: Archive
    workers: int

    def admit(self, path: str, title: str | None = None, started_at: datetime | None = None) -> Admitted:
        """Recognises the file by its content, finds out what it is and plans its analysis.

        A copy has the subtitles of the file that was indexed first, while that one is there.

        Raises:
            BadMedia: it cannot be read; where it has content at all, the archive knows it as failed, and why.
        """
        identity = self.files.identify(path)
        recording = Recording(
            id=secrets.token_hex(4),
            title=title or Path(path).name,
            source=path,
            digest=identity.digest,
            length=ZERO,
            state=RecordingState.INDEXING,
            started_at=started_at,
        )
        known = self.archive.add(recording)
        try:
            facts = self.reader.probe(path)
            cues, problems = self.cues.beside(known.source if self.files.has(known.source, identity) else path)
            every_cue = tuple(sorted((*facts.cues, *cues), key=lambda cue: cue.span))
            length = facts.length or max((cue.span.end for cue in every_cue), default=ZERO)
            if not length or (facts.video is None and not every_cue):
                raise EmptyFootage(problem="no video stream, and no subtitles beside it")
        except BadMedia as error:
            self.archive.set_state(known.id, RecordingState.FAILED, [str(error)])
            raise
        every_cue = _within(every_cue, length)
        fingerprint = self._fingerprint(every_cue)
        self.archive.describe(
            known.id,
            length=length,
            started_at=started_at or known.started_at or facts.created_at,
            title=title,
            source=None if self.files.has(known.source, identity) else path,
        )
        finished = self.archive.finished_analysis(known.id)
        if finished is not None and finished.fingerprint == fingerprint:
            # A try under other settings may have failed since, or never come to its end.
            if known.state is not RecordingState.INDEXED:
                self.archive.set_state(known.id, RecordingState.INDEXED, [*facts.problems, *problems])
            return Admitted(known.id, None, identity)
        self.archive.set_state(known.id, RecordingState.INDEXING, [*facts.problems, *problems])
        analysis_id = self.archive.begin(known.id, fingerprint, self.analyser.sampling, length, every_cue)
        return Admitted(known.id, analysis_id, identity)

    def survey(self, path: str, admitted: Admitted, stop: Callable[[], bool]) -> None:
        """Decodes and gates the footage into the spool, from the last checkpoint on."""
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

    def analyse(self, admitted: Admitted, stop: Callable[[], bool]) -> None:
        """Plans the groups, analyses those that are not recorded yet, and records them in order."""
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
        beat = _Heartbeat(self.archive, recording.id, "analysis")
        for group, observations, failure in self._analysed(analysis_id, analysis.groups[analysis.next_group :]):
            if stop():
                raise Cancelled
            open_events, earlier = self.archive.open_events(analysis_id), self.archive.analysis_events(analysis_id)
            change = self.timeline.advance(analysis, group, observations, open_events, earlier)
            self.archive.record(analysis_id, group.number, observations, change, failure)
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
        failures = self.archive.failures(analysis_id)
        chapters = self.timeline.chapters(recording.length, events, cues)
        failed = [group.span for group in analysis.groups if group.number in failures]
        reasons = [unread.reason for unread in surveyed.unread] + list(failures.values())
        # Before the end is written: a kill after that leaves nothing to be done but to clear away.
        self._note(recording, RecordingState.INDEXING, reasons)
        self.archive.finish(
            analysis_id,
            covered(surveyed, recording.length, analysis.sampling.period, cues, failed),
            chapters,
            self.passages(recording, events, cues, chapters),
        )
        self.spool.discard(analysis_id)

    def is_done(self, admitted: Admitted) -> bool:
        """True where the analysis has come to its end, perhaps through a copy of the file."""
        analysis = None if admitted.analysis_id is None else self.archive.analysis(admitted.analysis_id)
        return analysis is not None and analysis.finished

    def fail(self, admitted: Admitted, reason: str) -> None:
        """Writes down that the recording cannot be indexed, and why; what was found in it before stays searchable."""
        if (recording := self.archive.recording(admitted.recording_id)) is not None:
            self._note(recording, RecordingState.FAILED, [reason])
        self.clear()

    def clear(self) -> None:
        """Discards the frames of every analysis that has ended, or whose recording was removed."""
        for analysis_id in self.spool.analyses():
            analysis = self.archive.analysis(analysis_id)
            if analysis is None or analysis.finished:
                self.spool.discard(analysis_id)

    def _note(self, recording: Recording, state: RecordingState, problems: list[str]) -> None:
        self.archive.set_state(recording.id, state, list(dict.fromkeys([*recording.problems, *problems])))

    def _current(self, admitted: Admitted) -> tuple[Recording, str]:
        recording = self.archive.recording(admitted.recording_id)
        if recording is None or admitted.analysis_id is None:
            raise RecordingRemoved
        return recording, admitted.analysis_id

    def _fingerprint(self, cues: tuple[Cue, ...]) -> str:
        text = "\n".join(f"{cue.span.start} {cue.span.end} {cue.language} {cue.text}" for cue in cues)
        told = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        sampling = self.analyser.sampling
        return (
            f"{_VERSION} {self.reader.fingerprint} {self.analyser.fingerprint}"
            f" {sampling.period.total_seconds():g}s/{sampling.long_side}px cues-{told[:12]}"
        )

    def _give_up(self, analysis_id: str, recording: Recording, reached: timedelta, error: BadMedia) -> None:
        """What came before the damage is kept; what lies behind it is said to be unread."""
        surveyed = self.spool.surveyed(analysis_id)
        if not (surveyed.kept or surveyed.static) and not self.archive.analysis_cues(analysis_id):
            raise error
        if reached < recording.length:
            self.spool.add(analysis_id, Unread(Span(reached, recording.length), str(error), failed=True))

    def _analysed(
        self, analysis_id: str, groups: tuple[FrameGroup, ...]
    ) -> Iterator[tuple[FrameGroup, tuple[Observation, ...], str | None]]:
        """Analyses ``groups`` side by side and yields them in order; a group that fails is told, not raised."""
        pictures = self.spool.pictures(analysis_id)
        with ThreadPoolExecutor(self.workers, thread_name_prefix="group") as pool:
            waiting: list[tuple[FrameGroup, Future[tuple[Observation, ...]]]] = []
            remaining = iter(groups)
            try:
                while True:
                    for group in remaining:
                        waiting.append((group, pool.submit(self.analyser.analyse, group, pictures)))
                        if len(waiting) > self.workers:
                            break
                    if not waiting:
                        return
                    group, future = waiting.pop(0)
                    try:
                        yield group, future.result(), None
                    except GeneratorExit:
                        raise
                    except Exception as error:  # noqa: BLE001  whatever an analyser does, the line goes on
                        _log.warning("group %d of analysis %s failed", group.number, analysis_id, exc_info=error)
                        problem = Unexpected(kind=type(error).__name__, problem=error)
                        yield group, (), f"{clock_span(group.span)} could not be analysed: {problem}"
            finally:
                for _, future in waiting:
                    future.cancel()


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


def _within(cues: tuple[Cue, ...], length: timedelta) -> tuple[Cue, ...]:
    """``cues`` without what lies behind the recording's end."""
    return tuple(
        Cue(Span(cue.span.start, min(cue.span.end, length)), cue.text, cue.language, cue.track)
        for cue in cues
        if cue.span.start < length
    )
