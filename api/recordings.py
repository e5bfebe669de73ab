"""Recordings: listed, shown, changed, removed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import Operator, Viewer, visible
from api.schemas.instants import Instant
from api.schemas.recordings import RecordingBody, RecordingChange, RecordingPage
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller, Role
from videoqa.errors import BadCursor, NotAllowed, TagOutOfReach, UnknownRecording
from videoqa.media import Recording, RecordingState
from videoqa.ports import RecordingFilter

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])


@router.get("")
async def list_recordings(
    *,
    service: Parts,
    caller: Viewer,
    title: Annotated[str, Query(max_length=300, description="A part of the title, whatever its case.")] = "",
    tag: Annotated[str, Query(max_length=64)] = "",
    camera: Annotated[str, Query(max_length=64)] = "",
    state: RecordingState | None = None,
    owner: Annotated[str | None, Query(max_length=64, description="The id of a key: one's own, or an admin's.")] = None,
    started_from: Instant | None = None,
    started_before: Instant | None = None,
    after: Annotated[str | None, Query(max_length=64, description="The `next` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RecordingPage:
    """Recordings, those added last first."""
    if owner is not None and owner != caller.key_id and caller.role is not Role.ADMIN:
        raise NotAllowed(name=caller.name, role=caller.role, needed=Role.ADMIN)
    wanted = RecordingFilter(
        scope=caller.scope,
        title=title,
        tag=tag,
        camera=camera,
        state=state,
        owner=owner,
        started_from=started_from,
        started_before=started_before,
    )
    return await in_thread(lambda: _page(service, caller, wanted, after, limit))


@router.get("/{recording_id}")
async def show_recording(*, service: Parts, caller: Viewer, recording_id: str) -> RecordingBody:
    """One recording."""
    recording = await visible(service, caller, recording_id)
    return await in_thread(lambda: _body(recording, caller))


@router.patch("/{recording_id}")
async def change_recording(
    *, service: Parts, caller: Operator, recording_id: str, change: RecordingChange
) -> RecordingBody:
    """Changes what somebody said of a recording; what was found in it stays as it is.

    A key that is limited to some tags changes those alone, and leaves the recording within its reach.
    """
    recording = await visible(service, caller, recording_id)
    if change.tags is not None:
        _check_tags(recording, frozenset(change.tags), caller)
    return await in_thread(lambda: _changed(service, caller, recording, change), storing=True)


@router.delete("/{recording_id}", status_code=204)
async def remove_recording(*, service: Parts, caller: Operator, recording_id: str) -> Response:
    """Removes a recording, all that was found in it, its jobs, and its file where videoqa keeps that."""
    recording = await visible(service, caller, recording_id)
    await in_thread(lambda: _remove(service, recording), storing=True)
    return Response(status_code=204)


def _page(service: Service, caller: Caller, wanted: RecordingFilter, after: str | None, limit: int) -> RecordingPage:
    try:
        # One more than is shown tells whether there is more.
        found = service.archive.page(wanted, after, limit + 1)
    except UnknownRecording as error:
        raise BadCursor(cursor=after) from error
    shown = found[:limit]
    return RecordingPage(items=tuple(_bodies(shown, caller)), next=shown[-1].id if len(found) > limit else None)


def _bodies(recordings: Iterable[Recording], caller: Caller) -> Iterable[RecordingBody]:
    return (_body(recording, caller) for recording in recordings)


def _body(recording: Recording, caller: Caller) -> RecordingBody:
    try:
        size = Path(recording.source).stat().st_size
    except (OSError, ValueError):
        size = None
    return RecordingBody.from_domain(recording, caller, size)


def _changed(service: Service, caller: Caller, recording: Recording, change: RecordingChange) -> RecordingBody:
    started_at = change.started_at
    service.archive.amend(recording.id, title=change.title, started_at=started_at, prompt=change.prompt)
    if change.tags is not None:
        service.archive.tag(recording.id, sorted(set(change.tags)))
    now = service.archive.recording(recording.id)
    if now is None:
        raise UnknownRecording(name=recording.id)
    return _body(now, caller)


def _check_tags(recording: Recording, tags: frozenset[str], caller: Caller) -> None:
    """
    Raises:
        TagOutOfReach: the caller's key is limited, and would lose sight of the recording, or put it into the reach of
            others or take it from them.
    """
    scope = caller.scope
    if scope.everything:
        return
    changed = tags.symmetric_difference(recording.tags)
    if not changed <= scope.tags or not scope.covers(tags, recording.camera):
        raise TagOutOfReach(name=caller.name, tags=tuple(sorted(scope.tags)))


def _remove(service: Service, recording: Recording) -> None:
    # What works on it would otherwise go on until it finds the recording gone.
    for job in service.jobs.of_recording(recording.id):
        if not job.state.ended:
            service.jobs.cancel(job.id)
    service.remove(recording)
