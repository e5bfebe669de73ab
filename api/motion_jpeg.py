"""What a camera shows, a picture after the other, as browsers have always known it: multipart/x-mixed-replace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import anyio
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.limits import address_of, payer
from api.live_reach import camera_of, in_force
from api.meter import Meter
from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.cameras import Camera
from videoqa.errors import VideoqaError

_BOUNDARY = "videoqa-picture"
_LOOK_SECONDS = 0.15
_AGAIN_SECONDS = 10.0
"""A picture that stays is sent anew after so long: whoever is gone is found out, and no proxy cuts what is silent."""
_CHECK_SECONDS = 1.0
"""Whether it may still be seen is asked so often, whatever is shown meanwhile."""
_PATIENCE = 30.0
_END = 1.0


class MotionJpeg(Response):
    """The pictures of ``camera`` until its reader is gone, may see it no longer, or the service stops; or ``count``.

    Raises:
        TooManyStreams: its reader is shown as many as may be; raised before anything is sent.
    """

    media_type = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"

    def __init__(self, service: Service, caller: Caller, camera: Camera, count: int = 0) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._service = service
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
            group.start_soon(until, lambda: self._shown(send))
        with anyio.move_on_after(_END, shield=True):
            await send(_part(b"", more=False))

    async def _shown(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send(_part(f"--{_BOUNDARY}\r\n".encode()))
        seen: datetime | None = None
        sent = checked = float("-inf")
        while self._left != 0:
            if time.monotonic() - checked >= _CHECK_SECONDS:
                if not await in_thread(self._may_see):
                    return
                checked = time.monotonic()
            taken_at = await in_thread(lambda: self._service.snapshots.taken_at(self._camera.id))
            again = time.monotonic() - sent >= _AGAIN_SECONDS
            if taken_at is not None and (again or taken_at != seen):
                shown = await in_thread(lambda: self._service.snapshots.latest(self._camera.id))
                if shown is not None and not await _taken(send, shown.jpeg):
                    return
                seen, sent = taken_at, time.monotonic()
                self._left = None if self._left is None else self._left - 1
            await asyncio.sleep(_LOOK_SECONDS)

    def _may_see(self) -> bool:
        """False once the camera is removed or out of reach, or the key is no longer in force."""
        try:
            camera_of(self._service, self._caller, self._camera.id)
        except VideoqaError:
            return False
        return in_force(self._service, self._caller)


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
