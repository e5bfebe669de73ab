"""How far the work on a recording has come, told to whoever follows it.

One task of a process looks, at every recording that is followed, and tells all who follow it: a follower is a task that
waits, no thread and no query of its own. What is told is how things are now, so a follower that comes back needs no
id of the last event it had, and one that reads slowly misses only what is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request

from api.auth import Viewer, visible
from api.schemas.jobs import EndBody, ProgressBody
from api.service import Parts, Service
from api.sse import EventStream, ServerEvent
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.errors import VideoqaError
from videoqa.media import Progress, Recording, RecordingState
from videoqa.ports import RecordingFilter

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5
_AT_ONCE = 500
_WAITING = Progress("waiting", 0.0)
_OVER = frozenset({RecordingState.INDEXED, RecordingState.FAILED})
_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'event: progress\ndata: {"stage":"survey","done":0.4,"state":"indexing"}\n\n'
        'event: end\ndata: {"state":"indexed"}\n\n',
    }
}


@router.get(
    "/{recording_id}/progress",
    status_code=200,
    response_class=EventStream,
    responses={200: {"description": "`progress` with every change, then `end`, as events.", "content": _STREAM}},
)
async def follow_progress(*, request: Request, service: Parts, caller: Viewer, recording_id: str) -> EventStream:
    """Tells how the work on a recording goes until no job is left to do; where none is, that at once."""
    await visible(service, caller, recording_id)
    board: Board = request.app.state.board
    return EventStream(_events(board, caller, recording_id))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a recording stands; None where it is not there any more. ``over`` where no job is left to do."""

    recording: Recording | None
    progress: Progress = _WAITING
    over: bool = False


class Board:
    """What is known of the recordings that are followed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._followed: dict[str, _Followed] = {}
        self._news = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def follow(self, recording_id: str) -> AsyncGenerator[Standing, None]:
        """How the recording stands, now and whenever that has changed, up to its end."""
        followed = self._followed.setdefault(recording_id, _Followed())
        followed.followers += 1
        self._news.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        seen: Standing | None = None
        try:
            while seen is None or not seen.over:
                while followed.standing is None or followed.standing == seen:
                    await followed.changed.wait()
                seen = followed.standing
                yield seen
        finally:
            followed.followers -= 1
            if not followed.followers:
                self._followed.pop(recording_id, None)

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))

    async def _look(self) -> None:
        while self._followed:
            self._news.clear()
            ids = tuple(self._followed)
            try:
                for recording_id, standing in (await in_thread(lambda: _standings(self._service, ids))).items():  # noqa: B023  awaited here
                    if recording_id in self._followed:
                        self._followed[recording_id].tell(standing)
            except VideoqaError as error:
                # What cannot be read now is looked at again, and whoever follows is not cut off for it.
                _log.warning("progress cannot be looked up: %s", error)
            try:
                await asyncio.wait_for(self._news.wait(), _LOOK_SECONDS)
            except TimeoutError:
                continue
            # Those who come together are looked up together.
            await asyncio.sleep(_LOOK_SECONDS / 10)


@dataclass(slots=True)
class _Followed:
    followers: int = 0
    standing: Standing | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, standing: Standing) -> None:
        if standing != self.standing:
            self.standing = standing
            self.changed.set()
            self.changed = asyncio.Event()


async def _events(board: Board, caller: Caller, recording_id: str) -> AsyncGenerator[ServerEvent, None]:
    async for standing in board.follow(recording_id):
        recording = standing.recording
        if recording is None or not caller.scope.covers(recording.tags, recording.camera):
            yield ServerEvent("end", EndBody(state="removed").model_dump_json())
            return
        if standing.over:
            yield ServerEvent("end", EndBody(state=recording.state).model_dump_json())
            return
        now = ProgressBody(stage=standing.progress.stage, done=round(standing.progress.done, 4), state=recording.state)
        yield ServerEvent("progress", now.model_dump_json())


def _standings(service: Service, ids: tuple[str, ...]) -> Mapping[str, Standing]:
    found: dict[str, Standing] = dict.fromkeys(ids, Standing(None, over=True))
    for first in range(0, len(ids), _AT_ONCE):
        wanted = RecordingFilter(ids=frozenset(ids[first : first + _AT_ONCE]))
        for recording in service.archive.page(wanted, limit=_AT_ONCE):
            found[recording.id] = _standing(service, recording)
    return found


def _standing(service: Service, recording: Recording) -> Standing:
    if recording.state in _OVER and not _is_open(service, recording):
        return Standing(recording, over=True)
    progress = service.archive.progress(recording.id)
    queued = progress is None or recording.state is RecordingState.QUEUED
    return Standing(recording, _WAITING if queued or progress is None else progress)


def _is_open(service: Service, recording: Recording) -> bool:
    return any(not job.state.ended for job in service.jobs.of_recording(recording.id))
