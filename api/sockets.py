"""uvicorn's WebSocket protocol with an end for those who do not read.

Its own ``close`` waits until all that was sent before has left, and that of a reader who does not read never does.
"""

from __future__ import annotations

import asyncio
import logging
from functools import lru_cache
from typing import Any, Protocol, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

LARGEST_MESSAGE = 64 * 1024
"""Bytes of the largest message that a client may send."""
MOST_PONGS = 64 * 1024
"""Bytes of answers to pings that wait for a client that does not read; who pings on is cut off."""
PUSH = "videoqa.push"
"""The extension of an ASGI scope that holds the socket's ``Push``."""
PING_SECONDS = 20.0
_AT_ONCE = 2**16
_TEXT = 0x81
PONG_SECONDS = 60.0
# uvicorn writes the query of every socket into this one's log.
_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)


class Push(Protocol):
    """Sends a message without waiting; False where the reader has to be waited for, and nothing was done.

    ``more`` says that it may leave together with the next one.
    """

    def __call__(self, text: str, *, more: bool = False) -> bool: ...


class PatientSocket(WebSocketsSansIOProtocol):
    """A connection that is given up when its reader has left it full for ``patience`` seconds, or ``parting`` seconds
    after it was told that this is the end.
    """

    patience = 120.0
    parting = 5.0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.logger = _log
        self.close_timeout = self.parting
        self._given_up: asyncio.TimerHandle | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._pongs = 0

    def push(self, text: str, *, more: bool = False) -> bool:
        """See ``Push``."""
        if not self.handshake_complete or self.close_sent or not self.writable.is_set() or self.transport.is_closing():
            self._let_go()
            return False
        frame = _frame(text)
        self._held.append(frame)
        self._held_bytes += len(frame)
        if not more or self._held_bytes >= _AT_ONCE:
            self._let_go()
        return True

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            extensions = cast("dict[str, object]", self.scope["extensions"])
            extensions[PUSH] = self.push

    def handle_ping(self) -> None:
        pongs = b"".join(self.conn.data_to_send())
        if self.transport.is_closing():
            return
        self.transport.write(pongs)
        if self.transport.get_write_buffer_size() > _AT_ONCE:
            self._pongs += len(pongs)
            if self._pongs > MOST_PONGS:
                self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._give_up_in(self.patience)

    def resume_writing(self) -> None:
        self._pongs = 0
        if not self.close_sent:
            self._keep()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._keep()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._give_up_in(self.parting / 2)
        super().shutdown()

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close":
            # It goes behind what waits to leave: a reader who goes on hears why it is over.
            self.writable.set()
            self._give_up_in(self.parting)
        await super().send(message)

    def _let_go(self) -> None:
        if self._held:
            self.transport.write(b"".join(self._held))
            self._held.clear()
            self._held_bytes = 0

    def _give_up_in(self, seconds: float) -> None:
        self._keep()
        self._given_up = self.loop.call_later(seconds, self.transport.abort)

    def _keep(self) -> None:
        if self._given_up is not None:
            self._given_up.cancel()
            self._given_up = None


@lru_cache(maxsize=4)
def _frame(text: str) -> bytes:
    """``text`` as a WebSocket frame (RFC 6455, 5.2), made once for all whom it goes to."""
    data = text.encode()
    size = len(data)
    if size < 126:
        return bytes((_TEXT, size)) + data
    if size < 2**16:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + data
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + data
