"""What a camera has recorded goes on its way: measured, known by its content, and handed in to be indexed."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from videoqa.cameras import Camera
from videoqa.errors import BadMedia, DecoderCrashed, DecoderOverran, EmptyFootage, NotFootage, SourceChanged
from videoqa.media import ZERO, Coverage, CoveredSpan, Recording, RecordingState, Sampling
from videoqa.ports import (
    AnalysisKind,
    Archive,
    Files,
    FootageReader,
    IndexRequest,
    JobQueue,
    Passages,
    RecordingFilter,
)

PRIORITY = 7
_PASSING = (DecoderCrashed, DecoderOverran, SourceChanged)
"""What a machine short of time or memory does to sound footage, too."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Closing:
    """Ends recordings to which their camera adds nothing any more. Whatever is cut off by a kill is done by a second
    call. ``remove`` forgets a recording and its file; ``holds_media`` says whether there is footage in a file, be it
    readable or not; ``by_model`` says whether a model's look is to follow; ``mend`` makes a file readable again that
    broke off when the machine did; ``not_known`` tells in what of a recording, so long, rules may have been looked
    for or not, where nobody is left who knows.
    """

    archive: Archive
    reader: FootageReader
    files: Files
    passages: Passages
    jobs: JobQueue
    remove: Callable[[Recording], None]
    holds_media: Callable[[str], bool]
    by_model: Callable[[], bool] = bool
    mend: Callable[[str], None] = lambda _: None
    not_known: Callable[[Recording, timedelta], Sequence[CoveredSpan]] = lambda *_: ()

    def measure(self, recording: Recording) -> timedelta:
        """How long it is, by its file; nothing where there is nothing in that.

        Raises:
            BadMedia: the file is not there, or cannot be read.
            StorageError: it cannot be mended now.
        """
        self.mend(recording.source)
        try:
            return self.reader.probe(recording.source).length
        except (NotFootage, EmptyFootage):
            return ZERO

    def close(self, recording: Recording, looked: Sequence[CoveredSpan] | None = None) -> None:
        """Has ``recording`` searched from now on; one in which there is nothing is forgotten.

        ``looked`` is what was looked at for rules, None where a kill took that along.

        Raises:
            DecoderCrashed, DecoderOverran, SourceChanged: it cannot be read now, and is under way still.
            StorageError: it cannot be written down now.
        """
        now = self._under_way(recording)
        if now is None:
            return
        try:
            length = self.measure(recording)
            if not length:
                raise EmptyFootage(problem="nothing of it plays")
            digest = self.files.identify(recording.source).digest
        except _PASSING:
            raise
        except EmptyFootage as error:
            if self.holds_media(recording.source):
                self._fail(now, recording.length, looked, error)
            else:
                self.remove(recording)
            return
        except BadMedia as error:
            self._fail(now, recording.length, looked, error)
            return
        self._end_rules(recording, length, looked)
        self.archive.close(recording.id, length=length, digest=digest)
        self._submit(recording)

    def give_up(self, recording: Recording, looked: Sequence[CoveredSpan] | None, error: BadMedia) -> None:
        """Takes what ``close`` could not read for what never can be: it has failed, and its file stays."""
        now = self._under_way(recording)
        if now is not None:
            self._fail(now, recording.length, looked, error)

    def failed(self) -> tuple[Recording, ...]:
        """Recordings of cameras that never could be closed, the youngest first."""
        found = self._all(RecordingFilter(state=RecordingState.FAILED))
        return tuple(each for each in found if each.camera and each.digest == _digest(each.id))

    def reopen(self, recording: Recording) -> bool:
        """True where one that failed can be read by now: it is to be closed once more.

        Raises:
            StorageError: it cannot be mended or written down now.
        """
        try:
            readable = self.measure(recording) > ZERO
        except BadMedia:
            return False
        now = self.archive.recording(recording.id)
        if not readable or now is None or now.state is not RecordingState.FAILED:
            return False
        self.archive.set_state(recording.id, RecordingState.RECORDING, ())
        return True

    def left_behind(self, camera: str = "") -> tuple[Recording, ...]:
        """Recordings of cameras that nobody has ended, the youngest first."""
        wanted = RecordingFilter(state=RecordingState.RECORDING, camera=camera)
        return tuple(each for each in self._all(wanted) if each.camera)

    def resume(self) -> None:
        """Submits what a kill kept from being submitted; what was submitted keeps the job that it has."""
        for recording in self._all(RecordingFilter(state=RecordingState.QUEUED)):
            if recording.camera:
                self._submit(recording)

    def _under_way(self, recording: Recording) -> Recording | None:
        now = self.archive.recording(recording.id)
        return now if now is not None and now.state is RecordingState.RECORDING else None

    def _fail(
        self, recording: Recording, told: timedelta, looked: Sequence[CoveredSpan] | None, error: BadMedia
    ) -> None:
        """What was seen of it live stays, and is kept for as long as if it could be read.

        ``told`` is how long it is by whoever recorded it, zero where nobody knows.
        """
        _log.warning("what camera %s recorded cannot be read: %s", recording.camera, error)
        seen = (event.span for event in self.archive.events(recording.id))
        ends = (span.end for span in (*seen, *(each.span for each in looked or ())))
        length = max(told, recording.length, *ends, ZERO)
        self.archive.describe(recording.id, length=length, started_at=recording.started_at)
        self._end_rules(recording, length, looked)
        self.archive.set_state(recording.id, RecordingState.FAILED, [str(error)])

    def _end_rules(self, recording: Recording, length: timedelta, looked: Sequence[CoveredSpan] | None) -> None:
        if self.archive.finished_analysis(recording.id, AnalysisKind.RULES) is not None:
            return
        coverage = Coverage(length, tuple(self.not_known(recording, length) if looked is None else looked))
        analysis_id = begin_rules(self.archive, recording.id, length)
        events = self.archive.analysis_events(analysis_id)
        self.archive.finish(analysis_id, coverage, (), self.passages(recording, events, (), ()))

    def _submit(self, recording: Recording) -> None:
        request = IndexRequest(
            path=recording.source,
            by_model=self.by_model(),
            recording_id=recording.id,
            priority=PRIORITY,
            owner=recording.owner,
        )
        self.jobs.submit([request])

    def _all(self, wanted: RecordingFilter) -> tuple[Recording, ...]:
        found: list[Recording] = []
        while page := self.archive.page(wanted, found[-1].id if found else None, 500):
            found.extend(page)
        return tuple(found)


def under_way(path: str, camera_id: str, started_at: datetime, now: datetime, camera: Camera | None) -> Recording:
    """The recording that goes to ``path``, as it begins; ``camera`` is None where that is not known any more."""
    name = secrets.token_hex(8)
    return Recording(
        id=name,
        title=f"{camera_id if camera is None else camera.name} {started_at:%Y-%m-%d %H:%M:%S}",
        source=path,
        digest=_digest(name),
        length=ZERO,
        state=RecordingState.RECORDING,
        started_at=started_at,
        tags=() if camera is None else camera.tags,
        camera=camera_id,
        added_at=now,
        owner="" if camera is None else camera.owner,
        kept=True,
        # Two stretches of nothing may be the same, byte for byte, and are two all the same.
        space=f"camera {name}",
    )


def begin_rules(archive: Archive, recording_id: str, length: timedelta = ZERO) -> str:
    """The id of the recording's unfinished analysis that holds the events of alerts."""
    return archive.begin(recording_id, "rules", Sampling(), length, (), kind=AnalysisKind.RULES)


def _digest(recording_id: str) -> str:
    """What stands for a recording's content until it has been closed."""
    return f"live:{recording_id}"
