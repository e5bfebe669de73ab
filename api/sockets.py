"""uvicorn's WebSocket protocol with an end for those who do not read.

Its own ``close`` waits until all that was sent before has left, and that of a reader who does not read never does.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LARGEST_MESSAGE = 64 * 1024
"""Bytes of the largest message that a client may send."""
PING_SECONDS = 20.0
PONG_SECONDS = 60.0
# uvicorn writes the query of every socket into this one's log.
_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)


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

    def pause_writing(self) -> None:
        super().pause_writing()
        self._give_up_in(self.patience)

    def resume_writing(self) -> None:
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

    def _give_up_in(self, seconds: float) -> None:
        self._keep()
        self._given_up = self.loop.call_later(seconds, self.transport.abort)

    def _keep(self) -> None:
        if self._given_up is not None:
            self._given_up.cancel()
            self._given_up = None
