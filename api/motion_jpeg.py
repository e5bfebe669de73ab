"""What a camera shows, a picture after the other, as browsers have always known it: multipart/x-mixed-replace.

One task of a process looks for new pictures, of every camera that is shown, for all whom it is shown to; another one
whether the cameras are still there. Pictures are files, and come also while the database cannot be read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.limits import address_of, payer
from api.meter import Meter
from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.cameras import Camera
from videoqa.errors import VideoqaError
from videoqa.ports import Snapshot

_BOUNDARY = "videoqa-picture"
_LOOK_SECONDS = 0.15
_AGAIN_SECONDS = 10.0
"""A picture that stays is sent anew after so long: whoever is gone is found out, and no proxy cuts what is silent."""
_CHECK_SECONDS = 1.0
"""Whether the cameras are still there is asked so often, whatever is shown meanwhile; so is what could not be read."""
_PATIENCE = 30.0
_END = 1.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Shown:
    """A camera that is shown: as it is set up, None once it is removed, and its latest picture."""

    camera: Camera | None
    picture: Snapshot | None = None
    readers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def become(self, camera: Camera | None, picture: Snapshot | None) -> None:
        if (camera, picture) != (self.camera, self.picture):
            self.camera, self.picture = camera, picture
            self.changed.set()
            self.changed = asyncio.Event()


class Pictures:
    """The latest pictures of the cameras that somebody is shown."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._shown: dict[str, _Shown] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def of(self, camera: Camera, caller: Caller) -> AsyncGenerator[Snapshot, None]:
        """Each picture as it comes, the latest one anew where none does, until the camera is there for ``caller`` no
        longer.
        """
        shown = self._shown.setdefault(camera.id, _Shown(camera))
        # It may have become another since it was last asked for those whom it is shown to already.
        shown.become(camera, shown.picture)
        shown.readers += 1
        self._repeat("which cameras there are", self._check, _CHECK_SECONDS)
        self._repeat("what cameras show", self._look, _LOOK_SECONDS)
        seen: Snapshot | None = None
        try:
            while shown.camera is not None and caller.scope.covers(shown.camera.tags, shown.camera.id):
                changed, picture = shown.changed, shown.picture
                if picture is not None and picture is not seen:
                    seen = picture
                    yield picture
                try:
                    await asyncio.wait_for(changed.wait(), _AGAIN_SECONDS)
                except TimeoutError:
                    seen = None
        finally:
            shown.readers -= 1
            if not shown.readers:
                self._shown.pop(camera.id, None)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _repeat(self, what: str, part: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Sees that ``part`` is done every ``seconds`` while anything is shown."""

        async def repeat() -> None:
            failing = False
            while self._shown:
                try:
                    await part()
                except VideoqaError as error:
                    # Nobody is cut off for what cannot be read now, and once is enough to say so.
                    if not failing:
                        _log.warning("%s cannot be looked up: %s", what, error)
                    failing = True
                else:
                    failing = False
                await asyncio.sleep(_CHECK_SECONDS if failing else seconds)

        task = self._tasks.get(what)
        if task is None or task.done():
            self._tasks[what] = asyncio.create_task(repeat())

    async def _check(self) -> None:
        before = {camera_id: shown.camera for camera_id, shown in self._shown.items()}
        cameras = await in_thread(self._cameras)
        for camera_id in self._shown.keys() & before.keys():
            shown = self._shown[camera_id]
            # Whoever came meanwhile may know it as it has become since.
            if shown.camera is before[camera_id]:
                shown.become(cameras.get(camera_id), shown.picture)

    async def _look(self) -> None:
        before = {camera_id: shown.picture for camera_id, shown in self._shown.items()}
        found = await in_thread(lambda: self._latest(before))
        for camera_id in self._shown.keys() & found.keys():
            shown = self._shown[camera_id]
            shown.become(shown.camera, found[camera_id])

    def _cameras(self) -> Mapping[str, Camera]:
        return {camera.id: camera for camera in self._service.setting_up.cameras.cameras()}

    def _latest(self, before: Mapping[str, Snapshot | None]) -> Mapping[str, Snapshot | None]:
        """The latest picture of each camera; read only where it is another than ``before``."""
        snapshots = self._service.snapshots
        found = {}
        for camera_id, known in before.items():
            taken_at = snapshots.taken_at(camera_id)
            fresh = taken_at is not None and (known is None or taken_at != known.taken_at)
            found[camera_id] = snapshots.latest(camera_id) or known if fresh else known
        return found


class MotionJpeg(Response):
    """The pictures of ``camera`` until its reader is gone, may see it no longer, or the service stops; or ``count``.

    Raises:
        TooManyStreams: its reader is shown as many as may be; raised before anything is sent.
    """

    media_type = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"

    def __init__(self, pictures: Pictures, caller: Caller, camera: Camera, count: int = 0) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._pictures = pictures
        self._caller = caller
        self._camera = camera
        self._left = count or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        meter: Meter = scope["app"].state.meter
        who = payer(self._caller, address_of(HTTPConnection(scope)))
        with meter.stream(who):
            await self._until_over(scope["app"].state.stopping, receive, send)

    async def _until_over(self, stopping: asyncio.Event, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:

            async def until(over: Callable[[], Awaitable[object]]) -> None:
                await over()
                group.cancel_scope.cancel()

            group.start_soon(until, lambda: _gone(receive))
            group.start_soon(until, stopping.wait)
            group.start_soon(until, lambda: self._show(send))
        with anyio.move_on_after(_END, shield=True):
            await send(_part(b"", more=False))

    async def _show(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send(_part(f"--{_BOUNDARY}\r\n".encode()))
        async with aclosing(self._pictures.of(self._camera, self._caller)) as pictures:
            async for picture in pictures:
                if not await _taken(send, picture.jpeg):
                    return
                self._left = None if self._left is None else self._left - 1
                if self._left == 0:
                    return


async def _taken(send: Send, jpeg: bytes) -> bool:
    """Sends a picture; False where the reader does not take it."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
    # A browser shows a picture when the boundary behind it has come.
    with anyio.move_on_after(_PATIENCE) as waiting:
        await send(_part(head + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode()))
    return not waiting.cancelled_caught


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
