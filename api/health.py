"""Whether the service is up: for whoever starts and watches it."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.schemas import WireModel
from api.service import Parts
from api.threads import in_thread
from videoqa.errors import NotReady
from videoqa.ports import RecordingFilter

router = APIRouter(prefix="/health", tags=["health"])


class StateBody(WireModel):
    state: str


@router.get("/live")
async def live() -> StateBody:
    """That the process lives."""
    return StateBody(state="up")


@router.get("/startup")
async def startup() -> StateBody:
    """That it has started."""
    return StateBody(state="up")


@router.get("/ready")
async def ready(*, request: Request, service: Parts) -> StateBody:
    """That requests are answered: the database is reached, and the service is not about to stop."""
    if request.app.state.stopping.is_set():
        raise NotReady(stage="stopping")
    await in_thread(lambda: service.archive.page(RecordingFilter(), limit=1))
    return StateBody(state="up")
