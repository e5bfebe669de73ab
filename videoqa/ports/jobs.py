"""What the use cases need of durable work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """A file to be indexed, by its absolute path.

    ``prompt`` is what a model is to look for, None for what it was told the last time. ``again`` asks for everything
    anew, what is known already too. ``by_model`` asks for a model's look, whoever there is to have it done.
    ``recording_id`` names the recording that the file is already known as, None where its content is to tell.
    ``subtitles`` is a word for the subtitle files brought for it: a request after they changed is another one.
    ``priority`` is 0 for what comes first; among equals, those of the ``owner`` with the fewest waiting do.
    """

    path: str
    title: str | None = None
    started_at: datetime | None = None
    prompt: str | None = None
    again: bool = False
    by_model: bool = False
    recording_id: str | None = None
    priority: int = 5
    owner: str = ""
    subtitles: str = ""


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    INDEXED = "indexed"
    KNOWN = "known"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self not in (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """A recording on its way. ``reason`` says why a failed one failed.

    ``model_job`` is the id of the job in which a model looks at it, None where there is none. ``by_model`` says that
    this one is such a job. Times are aware and in UTC.
    """

    id: str
    path: str
    state: JobState
    recording_id: str | None = None
    reason: str | None = None
    model_job: str | None = None
    by_model: bool = False
    owner: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


class JobQueue(Protocol):
    """Takes work, tells how it goes, calls it off. What was submitted is carried out, through kills, once.

    Raises ``StorageError`` where the jobs cannot be read or written.
    """

    def submit(self, requests: Iterable[IndexRequest]) -> tuple[str, ...]:
        """Job ids, one a request; they are kept when this returns. What waits already keeps the job it has."""
        ...

    def jobs(self, ids: Sequence[str]) -> tuple[Job, ...]:
        """The jobs of ``ids`` as they stand, in that order; unknown ones are left out."""
        ...

    def page(
        self, states: Sequence[JobState] | None = None, after: str | None = None, limit: int = 50
    ) -> tuple[Job, ...]:
        """Jobs in those states, the youngest first, from behind the job ``after`` on.

        Raises:
            UnknownJob: there is none of the id ``after``.
        """
        ...

    def of_recording(self, recording_id: str) -> tuple[Job, ...]:
        """The jobs about a recording, the youngest first."""
        ...

    def recording_of(self, job_id: str) -> str | None:
        """The id of the recording that a job works on, as soon as it is known."""
        ...

    def cancel(self, job_id: str) -> None:
        """Ends the job, and its requests to the model; it can be submitted again. Nothing where it has ended."""
        ...

    def retry(self, job_id: str) -> str:
        """The id of a new job that asks for the same as one that has ended.

        Raises:
            UnknownJob: there is none of that id.
            JobUnderWay: it has not ended.
        """
        ...
