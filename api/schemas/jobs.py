"""What the routes about jobs answer."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from api.schemas.recordings import Page
from api.schemas.refs import RecordingRef
from api.schemas.wire import WireModel
from videoqa.media import Progress, Recording, RecordingState
from videoqa.ports import Job, JobState


class JobBody(WireModel):
    """A recording on its way. ``stage`` is what is done now, None where nothing is, and ``done`` the share of that, 0
    to 1.

    ``recording`` is None where it is not known yet or was removed. ``reason`` says why a failed job failed.
    ``by_model`` says that a model looks at the recording in this job, ``model_job`` names the job in which one is to.
    """

    id: str
    recording: RecordingRef | None
    state: JobState
    stage: str | None
    done: float | None
    reason: str | None
    by_model: bool
    model_job: str | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def from_domain(cls, job: Job, recording: Recording | None, progress: Progress | None) -> Self:
        running = progress if job.state is JobState.RUNNING else None
        return cls(
            id=job.id,
            recording=None if recording is None else RecordingRef(id=recording.id, title=recording.title),
            state=job.state,
            stage=None if running is None else running.stage,
            done=_done(job, running),
            reason=job.reason,
            by_model=job.by_model,
            model_job=job.model_job,
            created_at=job.created_at,
            updated_at=job.updated_at,
        )


class JobPage(Page[JobBody]):
    """Jobs, the youngest first."""


class ProgressBody(WireModel):
    """How far the work on a recording has come: what is done now, the share of it, 0 to 1, and how the recording is."""

    stage: str
    done: float
    state: RecordingState


class EndBody(WireModel):
    """How the recording is now that no job is left to do; ``removed`` where it is not there any more."""

    state: str


def _done(job: Job, running: Progress | None) -> float | None:
    if job.state in (JobState.INDEXED, JobState.KNOWN):
        return 1.0
    if job.state in (JobState.WAITING, JobState.RUNNING):
        return 0.0 if running is None else round(running.done, 4)
    return None
