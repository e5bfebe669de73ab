"""Whether the service is up: for whoever starts it, watches it, and puts it right."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib.metadata import version

from fastapi import APIRouter, Request

from api.auth import Viewer
from api.schemas.wire import WireModel
from api.service import Parts
from api.threads import in_thread
from videoqa.errors import NotReady
from videoqa.health import Check, State
from videoqa.ports import RecordingFilter

router = APIRouter(prefix="/health", tags=["health"])
_FRESH_SECONDS = 1.0


class StateBody(WireModel):
    state: State


class PartBody(WireModel):
    """One part of the service, how it is, and what to do where it is not well."""

    name: str
    state: State
    detail: str
    remedy: str

    @classmethod
    def from_domain(cls, check: Check, *, whole: bool) -> PartBody:
        """``whole`` where the caller may know how much there is, of whomever: details and remedies tell of that."""
        if not whole:
            return cls(name=check.name, state=check.state, detail="", remedy="")
        return cls(name=check.name, state=check.state, detail=check.detail, remedy="" if check.works else check.remedy)


class HealthBody(WireModel):
    """How the service is, which is as well as the worst of its parts."""

    state: State
    version: str
    parts: tuple[PartBody, ...]


class Looker:
    """Looks at the parts at most once a second, whoever asks how often."""

    def __init__(self, checks: Callable[[], tuple[Check, ...]]) -> None:
        self._checks = checks
        self._looking = asyncio.Lock()
        self._known: tuple[Check, ...] = ()
        self._looked = float("-inf")

    async def look(self) -> tuple[Check, ...]:
        async with self._looking:
            if time.monotonic() - self._looked > _FRESH_SECONDS:
                self._known = await in_thread(self._checks)
                self._looked = time.monotonic()
            return self._known


@router.get("/live")
async def live() -> StateBody:
    """That the process lives."""
    return StateBody(state=State.UP)


@router.get("/startup")
async def startup() -> StateBody:
    """That it has started."""
    return StateBody(state=State.UP)


@router.get("/ready")
async def ready(*, request: Request, service: Parts) -> StateBody:
    """That requests are answered: the database is reached, and the service is not about to stop."""
    if request.app.state.stopping.is_set():
        raise NotReady(stage="stopping")
    await in_thread(lambda: service.archive.page(RecordingFilter(), limit=1), knowing=True)
    return StateBody(state=State.UP)


@router.get("")
async def health(*, request: Request, caller: Viewer) -> HealthBody:
    """How every part of the service is, and what to do where one is not well.

    A limited key is told the states alone: the rest tells how much everybody has.
    """
    looker: Looker = request.app.state.health
    found = await looker.look()
    return HealthBody(
        state=State.worst(tuple(check.state for check in found)),
        version=version("videoqa"),
        parts=tuple(PartBody.from_domain(check, whole=caller.scope.everything) for check in found),
    )
