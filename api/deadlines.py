"""HTTP/1.1 whose requests have to come in time, and whose own complaints are problems like all others.

uvicorn waits for a request's head as long as a client likes, and reads on what is sent to a request that is answered
already.
"""

from __future__ import annotations

import asyncio
import json

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.guests import CUT
from api.problems import MEDIA_TYPE, code_of
from videoqa.errors import MalformedRequest, TooSlow, VideoqaError


class TimedProtocol(H11Protocol):
    """uvicorn's protocol with a deadline for heads, for bodies that nobody waits for any more, and for readers that do
    not read.
    """

    seconds = 10.0
    """How long a head may take from its first byte, a new connection from its start, an unread body from the answer."""

    patience = 120.0
    """How long a reader may leave its connection full. A paused video comes back with a Range."""

    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._read_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._read_on()
        self._stalled = self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        self._read_on()
        super().resume_writing()

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not None and self.cycle is not before:
            # Whoever answers begins at the next turn of the loop, and finds it there; the types know only of extensions
            # that are dictionaries.
            self.cycle.scope.setdefault("extensions", {})[CUT] = self.transport.abort  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            self._end()
        elif self.conn.their_state is h11.IDLE:
            self._begin()
        elif not self._answered():
            self._end()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing() and self.conn.their_state is h11.SEND_BODY:
            self._begin()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        # The connection is another protocol's from here on.
        self._end()
        self._read_on()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, MalformedRequest(problem=msg.rstrip(".")))

    def _answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete

    def _read_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _begin(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self._late)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.conn.trailing_data[0] and self.conn.their_state is h11.IDLE:
            self._refuse(408, TooSlow(seconds=self.seconds))
        else:
            self.transport.close()

    def _refuse(self, status: int, error: VideoqaError) -> None:
        """Answers what is no request, or not yet one, and closes."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        code = code_of(error)
        told = {"type": f"urn:videoqa:problem:{code}", "title": code, "status": status, "code": code}
        body = json.dumps(told | {"detail": str(error), "request_id": "", "errors": []}).encode()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def within(seconds: float) -> type[TimedProtocol]:
    """The protocol with that deadline."""
    return type("TimedProtocol", (TimedProtocol,), {"seconds": seconds})
