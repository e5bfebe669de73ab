"""The work on recordings: followed, cancelled, tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from videoqa.client.documents import Page, Recording, RecordingRef, read
from videoqa.client.flows import Call, Emit, Flow, Items, at
from videoqa.client.footage import listed, recording
from videoqa.client.line import Line
from videoqa.client.problems import IndexingFailed
from videoqa.client.retrying import answered

_INDEXED, _REMOVED = "indexed", "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A recording on its way; ``state`` is waiting, running, indexed, known, cancelled or failed.

    ``stage`` is what is done now, ``done`` the share of that, 0 to 1. ``model_job`` is the id of the job in which a
    model looks at the recording, ``by_model`` says that this one is such a job.
    """

    id: str
    recording: RecordingRef | None
    state: str
    stage: str | None
    done: float | None
    reason: str | None
    by_model: bool
    model_job: str | None
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the work on a recording has come: what is done now, the share of it, and the recording's state."""

    stage: str
    done: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The recording's state now that there is no more work on it; ``removed`` where it is not there any more."""

    state: str


def jobs(*, states: Sequence[str] = ()) -> Items[Job]:
    """Jobs in one of ``states``, or in any, the youngest first."""
    yield from listed(Page[Job], "/v1/jobs", {"state": list(states)})


def job(job_id: str) -> Flow[Job]:
    """The job of that id."""
    return read(Job, (yield from answered(Call("GET", at("/v1/jobs/{}", job_id)))))


def cancel(job_id: str) -> Flow[Job]:
    """Ends a job; one that has ended stays as it is."""
    return read(Job, (yield from answered(Call("POST", at("/v1/jobs/{}/cancel", job_id), harmless=True))))


def retry(job_id: str) -> Flow[Job]:
    """A new job that asks for the same as one that has ended."""
    return read(Job, (yield from answered(Call("POST", at("/v1/jobs/{}/retry", job_id)))))


def progress(recording_id: str) -> Items[Progress | End]:
    """How the work on a recording goes, whenever that changes; an ``End`` is the last."""
    line = _line(recording_id)
    while True:
        step = yield from _next(line)
        yield Emit(step)
        if isinstance(step, End):
            return


def wait_until_indexed(
    recording_id: str, *, thoroughly: bool = False, on_progress: Callable[[Progress], object] | None = None
) -> Flow[Recording]:
    """The recording, once it can be asked about; with ``thoroughly``, once a model has looked at it as well.

    Raises:
        IndexingFailed: it cannot be read, or was removed.
    """
    line = _line(recording_id)
    while True:
        step = yield from _next(line)
        if isinstance(step, End) or (step.state == _INDEXED and not thoroughly):
            break
        if on_progress is not None:
            on_progress(step)
    if step.state == _REMOVED:
        raise IndexingFailed("The recording was removed.")
    found = yield from recording(recording_id)
    if found.state != _INDEXED:
        raise IndexingFailed(found.problems[-1] if found.problems else f"The recording is {found.state}.")
    return found


def _line(recording_id: str) -> Line:
    return Line(Call("GET", at("/v1/recordings/{}/progress", recording_id)))


def _next(line: Line) -> Flow[Progress | End]:
    while True:
        event = yield from line.next()
        if event.event == "progress":
            return read(Progress, event.data)
        if event.event == "end":
            return read(End, event.data)
