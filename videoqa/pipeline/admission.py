"""What comes before a recording's stages: it is recognised, what it is is found out, and its analysis is begun."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from videoqa.errors import (
    BadMedia,
    CalledOff,
    EmptyFootage,
    ModelError,
    ModelUnreachable,
    RecordingRemoved,
    SourceChanged,
    Unexpected,
)
from videoqa.line import HungUp, watched
from videoqa.media import UNHEARD, ZERO, Cue, Progress, Recording, RecordingState, Span
from videoqa.pipeline.looking import Cancelled, wait_for_model
from videoqa.ports import (
    Analyser,
    Archive,
    CueReader,
    FileIdentity,
    Files,
    FootageReader,
    IndexRequest,
    MediaFacts,
    Transcriber,
)

_log = logging.getLogger(__name__)
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
class Admission:
    """``transcriber`` writes down what is said where no subtitles tell, None where nobody can."""

    files: Files
    reader: FootageReader
    cues: CueReader
    analyser: Analyser
    archive: Archive
    transcriber: Transcriber | None = None

    def admit(self, asked: IndexRequest, stop: Callable[[], bool] = bool) -> Admitted:
        """Recognises the recording, finds out what it is and plans its analysis.

        One that is asked for by its id is that very one; otherwise the file's content tells. A copy has the subtitles
        of the file that was indexed first, while that one is there. The prompt is what a model is to look for; None
        leaves what it was told before. Where the content was brought to the service before, the subtitles beside the
        file are kept with it.

        Raises:
            BadMedia: it cannot be read; where it has content at all, the archive knows it as failed, and why.
            Cancelled: it was told to stop; the archive knows that too.
        """
        known, identity = self._named(asked) if asked.recording_id else self._recognised(asked)
        try:
            return self._admit(known, identity, asked, stop)
        except BadMedia as error:
            self.archive.set_state(known.id, RecordingState.FAILED, [str(error)])
            raise
        except Cancelled:
            self.archive.set_state(known.id, RecordingState.FAILED, [str(CalledOff())])
            raise

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

    def _recognised(self, asked: IndexRequest) -> tuple[Recording, FileIdentity]:
        identity = self.files.identify(asked.path)
        fresh = Recording(
            id=secrets.token_hex(4),
            title=asked.title or Path(asked.path).name,
            source=asked.path,
            digest=identity.digest,
            length=ZERO,
            state=RecordingState.INDEXING,
            started_at=asked.started_at,
            added_at=datetime.now(UTC),
            owner=asked.owner,
        )
        return self.archive.add(fresh), identity

    def _named(self, asked: IndexRequest) -> tuple[Recording, FileIdentity]:
        known = self.archive.recording(asked.recording_id or "")
        if known is None:
            raise RecordingRemoved
        if known.state is not RecordingState.INDEXED:
            self.archive.set_state(known.id, RecordingState.INDEXING, known.problems)
        try:
            # What is ours was hashed as it arrived, lies under its digest, and nobody else writes there.
            identity = self.files.kept(known.source, known.digest) if known.kept else self.files.identify(known.source)
            if identity.digest != known.digest:
                raise SourceChanged
        except BadMedia as error:
            self.archive.set_state(known.id, RecordingState.FAILED, [str(error)])
            raise
        return known, identity

    def _admit(
        self, known: Recording, identity: FileIdentity, asked: IndexRequest, stop: Callable[[], bool]
    ) -> Admitted:
        path = known.source if asked.recording_id else asked.path
        facts = self.reader.probe(path)
        there = self.files.has(known.source, identity)
        # Nothing lies beside what the house keeps, and the user's own file may be gone the next time.
        wrong = self.cues.bring(path, known.id) if known.kept and not asked.recording_id else ()
        cues, problems = self.cues.beside(known.source if there else path, known.id)
        heard, unheard = tuple[Cue, ...](), tuple[str, ...]()
        if facts.sound and not facts.cues and not cues:
            heard, unheard = self._heard(path, known, identity, facts.length, stop)
        every_cue = tuple(sorted((*facts.cues, *cues, *heard), key=lambda cue: cue.span))
        length = _length(facts, every_cue)
        self.archive.describe(
            known.id,
            length=length,
            started_at=asked.started_at or known.started_at or facts.created_at,
            title=asked.title,
            source=None if there else path,
            prompt=asked.prompt,
        )
        admitted = self._commission(known.id, length, _within(every_cue, length), identity, "", again=asked.again)
        done = admitted.analysis_id is None
        # A try under other settings may have failed since, or never come to its end.
        if not done or known.state is not RecordingState.INDEXED:
            state = RecordingState.INDEXED if done else RecordingState.INDEXING
            self.archive.set_state(known.id, state, [*facts.problems, *wrong, *problems, *unheard])
        return replace(admitted, prompt=known.prompt if asked.prompt is None else asked.prompt)

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
        if same and finished is not None and not failures(self.archive, finished.id):
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
                with watched(stop):
                    return self.transcriber.transcribe(path, identity, tell if length else None), ()
        except HungUp:
            raise Cancelled from None
        except Cancelled:
            raise
        except (ModelError, BadMedia) as error:
            problem = error
        except Exception as error:  # noqa: BLE001  the pictures are looked at whatever becomes of the sound
            _log.warning("the sound of %s could not be written down", known.id, exc_info=error)
            problem = Unexpected(kind=type(error).__name__, problem=error)
        before = tuple(cue for cue in self.archive.cues(known.id) if cue.transcribed)
        return before, () if before else (f"{UNHEARD}: {problem}",)

    def _fingerprint(self, cues: tuple[Cue, ...], prompt: str) -> str:
        text = "\n".join(f"{cue.span.start} {cue.span.end} {cue.language} {cue.text}" for cue in cues)
        told = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        sampling = self.analyser.sampling
        return (
            f"{_VERSION} {self.reader.fingerprint} {self.analyser.fingerprint}"
            f" {sampling.period.total_seconds():g}s/{sampling.long_side}px cues-{told[:12]}"
            + (f" prompt-{hashlib.sha256(prompt.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}" if prompt else "")
        )


def failures(archive: Archive, analysis_id: str) -> dict[int, str]:
    """Why looks of the analysis failed, by the number of the group."""
    looks = archive.looks(analysis_id).items()
    return {number: recorded.failure for number, recorded in looks if recorded.failure is not None}


def _length(facts: MediaFacts, cues: tuple[Cue, ...]) -> timedelta:
    length = facts.length or max((cue.span.end for cue in cues), default=ZERO)
    if not length or (facts.video is None and not cues):
        raise EmptyFootage(problem="no video stream, and no subtitles beside it")
    return length


def _within(cues: tuple[Cue, ...], length: timedelta) -> tuple[Cue, ...]:
    """``cues`` without what lies behind the recording's end."""
    return tuple(
        Cue(Span(cue.span.start, min(cue.span.end, length)), cue.text, cue.language, cue.track)
        for cue in cues
        if cue.span.start < length
    )
