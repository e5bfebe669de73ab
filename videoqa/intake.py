"""Takes in footage that has arrived: kept, known to the archive, and submitted, in that order."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from videoqa.access import Caller
from videoqa.media import ZERO, Recording, RecordingState
from videoqa.ports import Archive, Arrived, Inbox, IndexRequest, JobQueue


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever brings footage says of it. ``started_at`` is aware and in UTC; ``priority`` 0 comes first."""

    title: str
    started_at: datetime | None = None
    prompt: str | None = None
    tags: tuple[str, ...] = ()
    priority: int = 5


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

    ``by_model`` says whether a model's look is to follow.
    """

    inbox: Inbox
    archive: Archive
    jobs: JobQueue
    by_model: bool = False

    def take(self, arrived: Arrived, wishes: Wishes, caller: Caller) -> Taken:
        """Keeps the file, adds its recording and submits it to be indexed."""
        with self.inbox.keep(arrived, wishes.title) as path:
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
        job_id = self.submit(recording, wishes.prompt, wishes.priority)
        self.inbox.taken(arrived.id, recording.id)
        return Taken(recording, recording.id != fresh.id, job_id, arrived.size)

    def submit(self, recording: Recording, prompt: str | None = None, priority: int = 5) -> str:
        """The id of the job that indexes ``recording``."""
        request = IndexRequest(
            path=recording.source,
            prompt=prompt,
            by_model=self.by_model,
            recording_id=recording.id,
            priority=priority,
            owner=recording.owner,
        )
        (job_id,) = self.jobs.submit([request])
        return job_id

    def resume(self) -> Sequence[str]:
        """Submits what was taken in and then cut off before it could be; the ids of the jobs."""
        waiting = [each for each in self.archive.recordings() if each.kept and each.state is RecordingState.QUEUED]
        return [self.submit(each) for each in waiting if not self.jobs.of_recording(each.id)]

    @staticmethod
    def _tags(wished: tuple[str, ...], caller: Caller) -> tuple[str, ...]:
        """A key that reaches some tags alone gives those to what it brings: it would lose sight of it otherwise."""
        tags = set(wished)
        if not caller.scope.everything and caller.scope.tags.isdisjoint(tags):
            tags |= caller.scope.tags
        return tuple(sorted(tags))


def space_of(caller: Caller) -> str:
    """Keys of the same reach share what they bring; others must not learn that they have the same footage."""
    scope = caller.scope
    return "" if scope.everything else "\n".join((*sorted(scope.tags), "", *sorted(scope.cameras)))
