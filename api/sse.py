"""Server-sent events: what comes into being, told as it does.

Own, and short, because `sse-starlette` replaces uvicorn's signal handler on import and looks twice a second whether a
process-wide flag was set; ours wait on the application's own event. The framing is FastAPI's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import anyio
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

KEEP_ALIVE = 15.0
"""Seconds after which a comment is sent where there is nothing to tell: proxies cut what is silent."""
PATIENCE = 60.0
"""Seconds a reader may take over one event before it is let go; it comes back with the id of the last it had."""
_END = 1.0
"""Seconds a stream has to send its end in."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its name, None for a "message", its data, and the id by which a reader says where it was."""

    event: str | None
    data: str
    id: str | None = None

    def encoded(self) -> bytes:
        return format_sse_event(event=self.event, data_str=self.data, id=self.id)


class EventStream(Response):
    """A response of ``events``, which are closed when it ends: with them, with its reader, or with the service.

    The application's ``state.stopping`` is an ``asyncio.Event``, set as soon as the service is to stop.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[ServerEvent, None]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stopping: asyncio.Event = scope["app"].state.stopping
        async with aclosing(self._events), anyio.create_task_group() as group:

            async def until(over: Callable[[], Awaitable[object]]) -> None:
                await over()
                group.cancel_scope.cancel()

            group.start_soon(until, lambda: _gone(receive))
            group.start_soon(until, stopping.wait)
            group.start_soon(until, lambda: self._told(send))
        # Without its end a chunked response looks cut off to its reader.
        with anyio.move_on_after(_END, shield=True):
            await send(_part(b"", more=False))

    async def _told(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        # The headers leave with the first part of the body: a reader is to know at once that it is heard.
        taken = await _taken(send, KEEPALIVE_COMMENT)
        coming = asyncio.ensure_future(anext(self._events))
        try:
            while taken:
                done, _ = await asyncio.wait((coming,), timeout=KEEP_ALIVE)
                if not done:
                    taken = await _taken(send, KEEPALIVE_COMMENT)
                    continue
                try:
                    event = coming.result()
                except StopAsyncIteration:
                    return
                taken = await _taken(send, event.encoded())
                coming = asyncio.ensure_future(anext(self._events))
        finally:
            # A generator cannot be closed while its next part is being waited for.
            coming.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait((coming,))


async def _taken(send: Send, data: bytes) -> bool:
    """Sends ``data``; False where the reader does not take it."""
    with anyio.move_on_after(PATIENCE) as waiting:
        await send(_part(data))
    return not waiting.cancelled_caught


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
