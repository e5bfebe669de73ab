"""Jobs: listed, shown, cancelled, tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth import Operator, Viewer
from api.reach import everyones
from api.schemas.jobs import JobBody, JobPage
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.errors import BadCursor, UnknownJob
from videoqa.media import Recording
from videoqa.ports import Job, JobState, RecordingFilter

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_AT_ONCE = 200
_ID = r"^[0-9A-Za-z._-]{1,100}$"
_JobId = Annotated[str, Path(pattern=_ID)]


@router.get("")
async def list_jobs(
    *,
    service: Parts,
    caller: Viewer,
    state: Annotated[list[JobState] | None, Query(description="Jobs in one of these states alone.")] = None,
    after: Annotated[str | None, Query(pattern=_ID, description="The `next` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobPage:
    """Jobs about recordings that the caller's key reaches, the youngest first.

    A job whose recording is not known yet, or was removed, is listed with `recording` null, to the key that asked for
    it and to admins who reach everything.
    """
    return await in_thread(lambda: _page(service, caller, state or None, after, limit))


@router.get("/{job_id}")
async def show_job(*, service: Parts, caller: Viewer, job_id: _JobId) -> JobBody:
    """One job."""
    return await in_thread(lambda: _body(service, _visible(service, caller, job_id)))


@router.post("/{job_id}/cancel")
async def cancel_job(*, service: Parts, caller: Operator, job_id: _JobId) -> JobBody:
    """Ends a job, with its requests to the model, within about a second. One that has ended stays as it is."""

    def cancelled() -> JobBody:
        service.intake.call_off(_visible(service, caller, job_id))
        return _body(service, _visible(service, caller, job_id))

    return await in_thread(cancelled, storing=True)


@router.post("/{job_id}/retry", status_code=202)
async def retry_job(*, service: Parts, caller: Operator, job_id: _JobId) -> JobBody:
    """Asks for the same as a job that has ended, in a new one."""

    def retried() -> JobBody:
        again = service.intake.retry(_visible(service, caller, job_id))
        return _body(service, _visible(service, caller, again))

    return await in_thread(retried, storing=True)


def _page(
    service: Service, caller: Caller, states: Sequence[JobState] | None, after: str | None, limit: int
) -> JobPage:
    shown: list[tuple[Job, Recording | None]] = []
    for each in _reached(service, caller, states, after):
        # One more than is shown tells whether there is more.
        if len(shown) == limit:
            return JobPage(items=_bodies(service, shown), next=shown[-1][0].id)
        shown.append(each)
    return JobPage(items=_bodies(service, shown), next=None)


def _reached(
    service: Service, caller: Caller, states: Sequence[JobState] | None, after: str | None
) -> Iterator[tuple[Job, Recording | None]]:
    """The caller's jobs from behind ``after`` on, with their recordings, whole pages of the queue at a time."""
    if after is not None and not service.jobs.jobs([after]):
        raise BadCursor(cursor=after)
    while page := service.jobs.page(states, after, _AT_ONCE):
        ids = frozenset(job.recording_id for job in page if job.recording_id is not None)
        found = service.archive.page(RecordingFilter(ids=ids), limit=len(ids)) if ids else ()
        recordings = {recording.id: recording for recording in found}
        for job in page:
            recording = recordings.get(job.recording_id) if job.recording_id else _recording(service, job)
            if _reaches(caller, job, recording):
                yield job, recording
        after = page[-1].id


def _visible(service: Service, caller: Caller, job_id: str) -> Job:
    """
    Raises:
        UnknownJob: there is none of that id for this caller.
    """
    for job in service.jobs.jobs([job_id]):
        if _reaches(caller, job, _recording(service, job)):
            return job
    raise UnknownJob(name=job_id)


def _reaches(caller: Caller, job: Job, recording: Recording | None) -> bool:
    # Who asked for it counts no more once the recording is out of that key's reach.
    if recording is not None:
        return caller.scope.covers(recording.tags, recording.camera)
    return everyones(caller) or bool(caller.key_id and job.owner == caller.key_id)


def _recording(service: Service, job: Job) -> Recording | None:
    recording_id = job.recording_id
    if recording_id is None and job.state is JobState.RUNNING:
        recording_id = service.jobs.recording_of(job.id)
    return None if recording_id is None else service.archive.recording(recording_id)


def _body(service: Service, job: Job) -> JobBody:
    (body,) = _bodies(service, [(job, _recording(service, job))])
    return body


def _bodies(service: Service, found: Sequence[tuple[Job, Recording | None]]) -> tuple[JobBody, ...]:
    return tuple(
        JobBody.from_domain(
            job,
            recording,
            service.archive.progress(recording.id) if recording and job.state is JobState.RUNNING else None,
        )
        for job, recording in found
    )
