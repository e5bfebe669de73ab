"""Indexes one recording in stages, each of which may be begun again at any time and goes on where it was."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from videoqa.errors import (
    BadMedia,
    EmptyFootage,
    ModelError,
    ModelUnreachable,
    RecordingRemoved,
    SourceChanged,
    StorageError,
    Unexpected,
)
from videoqa.media import UNHEARD, ZERO, Cue, Progress, Recording, RecordingState, Span
from videoqa.pipeline.coverage import covered, unseen
from videoqa.pipeline.looking import Cancelled, Looking, wait_for_model
from videoqa.ports import (
    Analyser,
    AnalysisKind,
    Archive,
    CueReader,
    FileIdentity,
    Files,
    FootageReader,
    Passages,
    Spool,
    Timeline,
    Transcriber,
    Unread,
)

_log = logging.getLogger(__name__)
_A_MOMENT = 1.0
_VERSION = 2
"""Raised whenever events, chapters, passages or coverage are made otherwise, so that recordings are analysed again."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A recording that is ready for its survey; ``analysis_id`` is None where nothing is left to do.

    ``again`` says that nothing is taken over from an earlier analysis, ``prompt`` what a model is to look for.
    """

    recording_id: str
    analysis_id: str | None
    identity: FileIdentity
    again: bool = False
    prompt: str = ""


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

    def admit(
        self,
        path: str,
        title: str | None = None,
        started_at: datetime | None = None,
        *,
        prompt: str | None = None,
        again: bool = False,
        stop: Callable[[], bool] = bool,
    ) -> Admitted:
        """Recognises the file by its content, finds out what it is and plans its analysis.

        A copy has the subtitles of the file that was indexed first, while that one is there. ``prompt`` is what a model
        is to look for; None leaves what it was told before.

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
            heard, unheard = tuple[Cue, ...](), tuple[str, ...]()
            if facts.sound and not facts.cues and not cues:
                heard, unheard = self._heard(path, known, identity, facts.length, stop)
            every_cue = tuple(sorted((*facts.cues, *cues, *heard), key=lambda cue: cue.span))
            length = facts.length or max((cue.span.end for cue in every_cue), default=ZERO)
            if not length or (facts.video is None and not every_cue):
                raise EmptyFootage(problem="no video stream, and no subtitles beside it")
        except BadMedia as error:
            self.archive.set_state(known.id, RecordingState.FAILED, [str(error)])
            raise
        self.archive.describe(
            known.id,
            length=length,
            started_at=started_at or known.started_at or facts.created_at,
            title=title,
            source=None if self.files.has(known.source, identity) else path,
            prompt=prompt,
        )
        admitted = self._commission(known.id, length, _within(every_cue, length), identity, "", again=again)
        admitted = replace(admitted, prompt=known.prompt if prompt is None else prompt)
        done = admitted.analysis_id is None
        # A try under other settings may have failed since, or never come to its end.
        if not done or known.state is not RecordingState.INDEXED:
            state = RecordingState.INDEXED if done else RecordingState.INDEXING
            self.archive.set_state(known.id, state, [*facts.problems, *problems, *unheard])
        return admitted

    def look_again(self, admitted: Admitted, stop: Callable[[], bool], *, again: bool = False) -> Admitted:
        """Plans another analysis of a recording that was admitted before, of the kind of this one's analyser.

        While nobody can look it waits.

        Raises:
            RecordingRemoved: it is no longer in the archive.
        """
        while True:
            recording = self.archive.recording(admitted.recording_id)
            if recording is None:
                raise RecordingRemoved
            cues, prompt = self.archive.cues(recording.id), admitted.prompt
            try:
                begun = self._commission(recording.id, recording.length, cues, admitted.identity, prompt, again=again)
                return replace(begun, prompt=prompt)
            except ModelUnreachable as error:
                wait_for_model(self.archive, recording.id, error, stop)

    def _commission(
        self,
        recording_id: str,
        length: timedelta,
        cues: tuple[Cue, ...],
        identity: FileIdentity,
        prompt: str,
        *,
        again: bool,
    ) -> Admitted:
        """Begins the analysis, unless there is one already that is the same and has seen everything it could."""
        fingerprint = self._fingerprint(cues, prompt)
        finished = self.archive.finished_analysis(recording_id, self.analyser.kind)
        same = finished is not None and finished.fingerprint == fingerprint and not again
        if same and finished is not None and not self._failures(finished.id):
            return Admitted(recording_id, None, identity)
        analysis_id = self.archive.begin(
            recording_id,
            fingerprint,
            self.analyser.sampling,
            length,
            cues,
            kind=self.analyser.kind,
            seen_by=self.analyser.seen_by,
            prompt=prompt,
        )
        return Admitted(recording_id, analysis_id, identity, again)

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
        looking = Looking(self.archive, self.analyser, self.spool.pictures(analysis_id), self.workers)
        for group, recorded in looking.looks(analysis, stop, again=admitted.again):
            if stop():
                raise Cancelled
            open_events, earlier = self.archive.open_events(analysis_id), self.archive.analysis_events(analysis_id)
            seen = None if recorded.failure is not None else recorded.look.observations
            change = self.timeline.advance(analysis, group, seen, open_events, earlier, unread=unread)
            self.archive.record(analysis_id, group.number, recorded, change)
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
        failures = self._failures(analysis_id)
        by_signals = analysis.kind is AnalysisKind.SIGNALS
        chapters = self.timeline.chapters(recording.length, events, cues) if by_signals else ()
        failed = [group.span for group in analysis.groups if group.number in failures]
        reasons = [unread.reason for unread in surveyed.unread] + list(failures.values())
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

    def fail(self, admitted: Admitted, reason: str) -> None:
        """Writes down that the recording cannot be indexed, and why; what was found in it before stays searchable."""
        if (recording := self.archive.recording(admitted.recording_id)) is not None:
            self._note(recording, [reason], RecordingState.FAILED)
        self.clear()

    def clear(self) -> None:
        """Discards the frames of every analysis that has ended, or whose recording was removed."""
        for analysis_id in self.spool.analyses():
            analysis = self.archive.analysis(analysis_id)
            if analysis is None or analysis.finished:
                self.spool.discard(analysis_id)

    @property
    def _stage(self) -> str:
        return "analysis" if self.analyser.kind is AnalysisKind.SIGNALS else f"analysis by {self.analyser.seen_by}"

    def _note(self, recording: Recording, problems: list[str], state: RecordingState) -> None:
        """Adds ``problems``. What a model could not do is told by its analysis: signals found what they found."""
        if self.analyser.kind is AnalysisKind.SIGNALS:
            self.archive.set_state(recording.id, state, list(dict.fromkeys([*recording.problems, *problems])))

    def _heard(
        self, path: str, known: Recording, identity: FileIdentity, length: timedelta, stop: Callable[[], bool]
    ) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        """What is said in the sound, and why it could not be written down.

        What was written down before stands where nobody can do it now.
        """

        def tell(until: timedelta) -> None:
            if stop():
                raise Cancelled
            self.archive.set_progress(known.id, Progress("speech", min(until / length, 1.0)))

        problem: object = "no speech model is set"
        try:
            if self.transcriber is not None:
                return self.transcriber.transcribe(path, identity, tell if length else None), ()
        except Cancelled:
            raise
        except (ModelError, BadMedia) as error:
            problem = error
        except Exception as error:  # noqa: BLE001  the pictures are looked at whatever becomes of the sound
            _log.warning("the sound of %s could not be written down", known.id, exc_info=error)
            problem = Unexpected(kind=type(error).__name__, problem=error)
        before = tuple(cue for cue in self.archive.cues(known.id) if cue.transcribed)
        return before, () if before else (f"{UNHEARD}: {problem}",)

    def _failures(self, analysis_id: str) -> dict[int, str]:
        looks = self.archive.looks(analysis_id).items()
        return {number: recorded.failure for number, recorded in looks if recorded.failure is not None}

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

    def _fingerprint(self, cues: tuple[Cue, ...], prompt: str) -> str:
        text = "\n".join(f"{cue.span.start} {cue.span.end} {cue.language} {cue.text}" for cue in cues)
        told = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        sampling = self.analyser.sampling
        return (
            f"{_VERSION} {self.reader.fingerprint} {self.analyser.fingerprint}"
            f" {sampling.period.total_seconds():g}s/{sampling.long_side}px cues-{told[:12]}"
            + (f" prompt-{hashlib.sha256(prompt.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}" if prompt else "")
        )

    def _give_up(self, analysis_id: str, recording: Recording, reached: timedelta, error: BadMedia) -> None:
        """What came before the damage is kept; what lies behind it is said to be unread."""
        surveyed = self.spool.surveyed(analysis_id)
        if not (surveyed.kept or surveyed.static) and not self.archive.analysis_cues(analysis_id):
            raise error
        if reached < recording.length:
            self.spool.add(analysis_id, Unread(Span(reached, recording.length), str(error), failed=True))


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
