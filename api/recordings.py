"""Recordings: listed, shown, changed, removed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Viewer, visible
from api.schemas import RecordingBody
from api.service import Parts
from api.threads import in_thread
from videoqa.media import RecordingState
from videoqa.ports import RecordingFilter

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])


@router.get("")
async def list_recordings(
    *,
    service: Parts,
    caller: Viewer,
    title: str = "",
    tag: str = "",
    state: RecordingState | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[RecordingBody]:
    """Recordings, those added last first."""
    wanted = RecordingFilter(scope=caller.scope, title=title, tag=tag, state=state)
    found = await in_thread(lambda: service.archive.page(wanted, after, limit))
    return [RecordingBody.from_domain(recording) for recording in found]


@router.get("/{recording_id}")
async def show_recording(*, service: Parts, caller: Viewer, recording_id: str) -> RecordingBody:
    return RecordingBody.from_domain(await visible(service, caller, recording_id))
