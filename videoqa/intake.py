"""Takes in footage that has arrived: kept, known to the archive, and submitted, in that order."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from videoqa.access import Caller
from videoqa.errors import (
    BringsOutOfReach,
    CalledOff,
    EmptyUpload,
    JobUnderWay,
    NotFootage,
    TagOutOfReach,
    UnknownRecording,
)
from videoqa.media import ZERO, Recording, RecordingState
from videoqa.ports import Archive, Arrived, Inbox, IndexRequest, Job, JobQueue, JobState, Subtitles


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever brings footage says of it. ``started_at`` is aware and in UTC; ``priority`` 0 comes first.

    ``title_told`` is False where the title was made of ``file_name``, which is what it was called where it came from;
    the kept file has its ending. ``subtitles`` are the
    contents of subtitle files by their names, which were checked.
    """

    title: str
    file_name: str
    started_at: datetime | None = None
    prompt: str | None = None
    tags: tuple[str, ...] = ()
    priority: int = 5
    subtitles: Mapping[str, bytes] = field(default_factory=dict)
    title_told: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A recording that was taken in; ``known`` where its content of ``size`` bytes was there already."""

    recording: Recording
    known: bool
    job_id: str
    size: int


@dataclass(frozen=True, slots=True)
class Intake:
    """What has arrived becomes a recording. When ``take`` has returned, a kill loses nothing.

    ``by_model`` says whether a model's look is to follow; ``check`` raises ``NotFootage`` of a file that a glance tells
    for none.
    """

    inbox: Inbox
    archive: Archive
    jobs: JobQueue
    subtitles: Subtitles
    by_model: Callable[[], bool] = bool
    check: Callable[[Path], None] = lambda path: None

    def take(self, arrived: Arrived, wishes: Wishes, caller: Caller) -> Taken:
        """Keeps the file, adds its recording and submits it to be indexed.

        Of a recording whose content was known the title, the beginning and the prompt become those that were told now,
        and the tags are added to those it has.

        Raises:
            EmptyUpload: there is nothing in it.
            NotFootage: that can be seen without opening it.
            TagOutOfReach: a tag is wished for that the caller does not reach.
            BringsOutOfReach: the caller would not see the recording.
        """
        check_reach(wishes.tags, caller)
        if not arrived.size:
            raise EmptyUpload
        try:
            self.check(arrived.path)
        except NotFootage as error:
            self.inbox.fail(arrived.id, str(error))
            raise
        fresh, recording = self._added(arrived, wishes, caller)
        while self.archive.recording(recording.id) is None:
            # The content was known, and somebody has removed it since.
            fresh, recording = self._added(arrived, wishes, caller)
        if recording.id != fresh.id:
            recording = self._told_anew(recording, wishes)
        changed = [self.subtitles.put(recording.id, name, content) for name, content in wishes.subtitles.items()]
        if any(changed):
            self._queue_again(recording)
        job_id = self.submit(recording, wishes.prompt, wishes.priority)
        self.inbox.taken(arrived.id, recording.id)
        return Taken(recording, recording.id != fresh.id, job_id, arrived.size)

    def _told_anew(self, known: Recording, wishes: Wishes) -> Recording:
        title = wishes.title if wishes.title_told else None
        self.archive.amend(known.id, title=title, started_at=wishes.started_at, prompt=wishes.prompt)
        if not set(wishes.tags) <= set(known.tags):
            self.archive.tag(known.id, sorted({*known.tags, *wishes.tags}))
        return self.archive.recording(known.id) or known

    def _added(self, arrived: Arrived, wishes: Wishes, caller: Caller) -> tuple[Recording, Recording]:
        """What the recording would be if its content were not known, and what the archive has."""
        with self.inbox.keep(arrived, wishes.file_name) as path:
            fresh = Recording(
                id=secrets.token_hex(8),
                title=wishes.title,
                source=str(path),
                digest=arrived.digest,
                length=ZERO,
                state=RecordingState.QUEUED,
                started_at=wishes.started_at,
                prompt=wishes.prompt or "",
                tags=self._tags(wishes.tags, caller),
                added_at=datetime.now(UTC),
                owner=caller.key_id,
                kept=True,
                space=space_of(caller),
            )
            recording = self.archive.add(fresh)
            if not caller.scope.covers(recording.tags, recording.camera):
                # It was moved out of the caller's reach, who must not learn that it is there. The arrival's id is the
                # same when it is taken in again after a kill.
                fresh = replace(fresh, space=f"{fresh.space}\n{arrived.id}")
                recording = self.archive.add(fresh)
        if recording.source != fresh.source:
            self.inbox.doubt(path)
            self.inbox.clear(lambda: kept_files(self.archive))
        return fresh, recording

    def subtitle(self, recording: Recording, name: str, content: bytes) -> bool:
        """Keeps a subtitle file for ``recording`` and has it indexed again; False where that was the very same.

        Raises:
            BadSubtitles: nothing can be read in it, or it is not called like one.
            SubtitlesTooLarge: it is larger than any.
            UnknownRecording: the recording was removed meanwhile.
        """
        changed = self.subtitles.put(recording.id, name, content)
        if self.archive.recording(recording.id) is None:
            self.subtitles.forget(recording.id)
            raise UnknownRecording(name=recording.id)
        if changed:
            self._index_again(recording)
        return changed

    def drop_subtitle(self, recording: Recording, name: str) -> None:
        """Removes a subtitle file that was brought for ``recording`` and has it indexed again.

        Raises:
            UnknownSubtitles: it has none of that name.
        """
        self.subtitles.drop(recording.id, name)
        self._index_again(recording)

    def _index_again(self, recording: Recording) -> None:
        if recording.state is RecordingState.RECORDING:
            return  # it is indexed when it ends
        self._queue_again(recording)
        self.submit(recording)

    def _queue_again(self, recording: Recording) -> None:
        """What was found stays searchable; a kill before it is submitted does not leave it so."""
        if recording.state is not RecordingState.QUEUED:
            self.archive.set_state(recording.id, RecordingState.QUEUED, recording.problems)

    def submit(self, recording: Recording, prompt: str | None = None, priority: int = 5) -> str:
        """The id of the job that indexes ``recording``."""
        request = IndexRequest(
            path=recording.source,
            prompt=prompt,
            by_model=self.by_model(),
            recording_id=recording.id,
            priority=priority,
            owner=recording.owner,
            subtitles=self.subtitles.word(recording.id),
        )
        (job_id,) = self.jobs.submit([request])
        return job_id

    def resume(self) -> Sequence[str]:
        """Submits what was taken in and then cut off before it could be; the ids of the jobs."""
        waiting = [each for each in self.archive.recordings() if each.state is RecordingState.QUEUED]
        if not waiting:
            return ()
        under_way = self.jobs.page([JobState.WAITING, JobState.RUNNING], limit=sys.maxsize)
        have = {job.recording_id for job in under_way}
        return [self.submit(each, each.prompt or None) for each in waiting if each.id not in have]

    def call_off(self, job: Job) -> None:
        """Ends the job, and tells so on the recording that it was to index. Nothing where it has ended."""
        if job.state.ended:
            return
        self.jobs.cancel(job.id)
        # Of one that runs, whoever carries it out tells that.
        if job.state is not JobState.WAITING or job.by_model or job.recording_id is None:
            return
        recording = self.archive.recording(job.recording_id)
        if recording is not None and recording.state is not RecordingState.INDEXED:
            self.archive.set_state(recording.id, RecordingState.FAILED, [str(CalledOff())])

    def retry(self, job: Job) -> str:
        """The id of a new job that asks for the same.

        Raises:
            JobUnderWay: it has not ended.
            UnknownRecording: what it was about is not there any more.
        """
        if not job.state.ended:
            raise JobUnderWay(name=job.id)
        recording = None if job.recording_id is None else self.archive.recording(job.recording_id)
        if recording is None and job.recording_id is not None:
            raise UnknownRecording(name=job.recording_id)
        if recording is not None and not job.by_model and recording.state is RecordingState.FAILED:
            self.archive.set_state(recording.id, RecordingState.QUEUED, ())
        return self.jobs.retry(job.id)

    @staticmethod
    def _tags(wished: tuple[str, ...], caller: Caller) -> tuple[str, ...]:
        """A key that reaches some tags alone gives those to what it brings: it would lose sight of it otherwise."""
        tags = set(wished)
        if not caller.scope.everything and caller.scope.tags.isdisjoint(tags):
            tags |= caller.scope.tags
        return tuple(sorted(tags))


def check_reach(tags: Collection[str], caller: Caller) -> None:
    """
    Raises:
        TagOutOfReach: one of ``tags`` would put what the caller brings into the reach of others.
        BringsOutOfReach: the caller would not see what it brings: nothing that is brought is of a camera.
    """
    scope = caller.scope
    if scope.everything:
        return
    if not scope.tags:
        raise BringsOutOfReach(name=caller.name)
    if not scope.tags.issuperset(tags):
        raise TagOutOfReach(name=caller.name, tags=tuple(sorted(scope.tags)))


def kept_files(archive: Archive) -> frozenset[Path]:
    """The files that are kept for the recordings of ``archive``."""
    return frozenset(Path(recording.source) for recording in archive.recordings() if recording.kept)


def space_of(caller: Caller) -> str:
    """Keys of the same reach share what they bring; others must not learn that they have the same footage."""
    scope = caller.scope
    return "" if scope.everything else "\n".join((*sorted(scope.tags), "", *sorted(scope.cameras)))
