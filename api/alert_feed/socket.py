"""The feed over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from fastapi import APIRouter, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from api.alert_feed import SOCKET
from api.alert_feed.asked import Asked, chosen, filtered, malformed
from api.alert_feed.feed import Feed, Subscription
from api.alert_feed.telling import Line
from api.doorman import Doorman
from api.limits import address_of, payer
from api.meter import Meter
from api.problems import code_of
from api.schemas.alerts import CLIENT, SUBPROTOCOL, AuthMessage, ClientMessage, ErrorMessage, FilterMessage
from api.service import Service
from api.sockets import PUSH, Push
from videoqa.access import Caller
from videoqa.errors import (
    KeyNeeded,
    MalformedRequest,
    Misuse,
    TooFarBehind,
    TooManyFollowers,
    TooManyRequests,
    TooManyWrongKeys,
    VideoqaError,
)

router = APIRouter()

AUTH_SECONDS = 5.0
_NORMAL, _POLICY_VIOLATION, _INTERNAL, _TRY_AGAIN_LATER = 1000, 1008, 1011, 1013
_LATER = (TooFarBehind, TooManyFollowers, TooManyRequests, TooManyWrongKeys)
_LAST_WORD_SECONDS = 1.0
_log = logging.getLogger(__name__)


@router.websocket(SOCKET)
async def follow_alerts_by_socket(socket: WebSocket) -> None:
    """Tells what becomes of alerts and cameras; docs/alerts.md says how."""
    begun, code = time.monotonic(), _NORMAL
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
    session = _Session(socket)
    followers = socket.app.state.metrics.followers
    followers.inc()
    try:
        reason = await session.run()
        code = await _part(socket, reason)
    except WebSocketDisconnect as gone:
        code = gone.code
    finally:
        followers.dec()
        told = {"key": session.key_id or "-", "address": address_of(socket), "told": session.told}
        told["ms"] = round(1000 * (time.monotonic() - begun), 1)
        _log.info("WS %s %d", SOCKET, code, extra={"fields": told})


class _Session:
    """One follower. ``told`` counts the messages that were sent."""

    def __init__(self, socket: WebSocket) -> None:
        self.told = 0
        self.key_id = ""
        self._socket = socket
        self._service: Service = socket.app.state.service
        self._feed: Feed = socket.app.state.feed
        self._meter: Meter = socket.app.state.meter
        self._pushed: Push | None = socket.scope.get("extensions", {}).get(PUSH)

    async def run(self) -> VideoqaError | None:
        """Why it is over, None where the service stops.

        Raises:
            WebSocketDisconnect: the client went away.
        """
        try:
            caller = self._socket.state.caller or await self._introduced()
            self.key_id = caller.key_id
            asked = Asked.read(self._socket.query_params)
            wanted = await chosen(self._service, caller, asked.camera, asked.rule, asked.severity)
            subscription = self._feed.subscribe(caller, wanted, asked.after_seq, self._push)
        except VideoqaError as error:
            return error
        tasks = (asyncio.create_task(self._send(subscription)), asyncio.create_task(self._hear(subscription)))
        try:
            await asyncio.wait((*tasks, subscription.over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            subscription.end(None)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            failure = None if task.cancelled() else task.exception()
            if isinstance(failure, VideoqaError):
                return failure
            if failure is not None:
                raise failure
        return subscription.over.result()

    async def _introduced(self) -> Caller:
        """Who holds the key in the first message.

        Raises:
            KeyNeeded: there is none in it that is in force, or it does not come in time.
        """
        doorman: Doorman = self._socket.app.state.doorman
        try:
            async with asyncio.timeout(AUTH_SECONDS):
                message = await self._message()
        except (TimeoutError, MalformedRequest) as error:
            raise KeyNeeded from error
        if not isinstance(message, AuthMessage):
            raise KeyNeeded
        return await doorman.holder(self._socket, message.key.strip())

    async def _send(self, subscription: Subscription) -> None:
        async with contextlib.aclosing(subscription.batches()) as batches:
            async for batch in batches:
                for line in batch:
                    if not self._push(line, more=line is not batch[-1]):
                        await self._socket.send({"type": "websocket.send", "text": line.text})
                        self.told += 1

    def _push(self, line: Line, *, more: bool = False) -> bool:
        """Hands it to the server at once, where that can be; ``more`` says that it need not leave before the next."""
        taken = self._pushed is not None and self._pushed(line.text, more=more)
        self.told += taken
        return taken

    async def _hear(self, subscription: Subscription) -> None:
        """Heeds what the client says, until it goes."""
        who = payer(subscription.caller, address_of(self._socket))
        while True:
            try:
                message = await self._message()
                await self._meter.request(who)
                if isinstance(message, FilterMessage):
                    names = message.camera, message.rule, message.severity
                    subscription.wanted = await chosen(self._service, subscription.caller, *names)
                    told = filtered(subscription.wanted)
                    subscription.put(Line(told.type, told.model_dump_json()))
            except TooManyRequests as error:
                subscription.end(error)
            except VideoqaError as error:
                subscription.put(Line("error", _said(error).model_dump_json()))

    async def _message(self) -> ClientMessage:
        """
        Raises:
            MalformedRequest: what came is none.
            WebSocketDisconnect: the client has gone.
        """
        came = await self._socket.receive()
        if came["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(came.get("code", 1005))
        try:
            return CLIENT.validate_json(came.get("text") or b"")
        except ValidationError as error:
            raise malformed("message", error) from None


async def _part(socket: WebSocket, reason: VideoqaError | None) -> int:
    """Tells why it is over, and with which code it was closed."""
    if reason is None:
        await socket.close(1012)
        return 1012
    code = _TRY_AGAIN_LATER if isinstance(reason, _LATER) else _INTERNAL
    if isinstance(reason, KeyNeeded | Misuse) and code == _INTERNAL:
        code = _POLICY_VIOLATION
    if not isinstance(reason, TooFarBehind):
        # Whoever does not read would not read this either; the closing goes past what waits to leave.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                await socket.send_text(_said(reason).model_dump_json())
    await socket.close(code, code_of(reason))
    return code


def _said(error: VideoqaError) -> ErrorMessage:
    return ErrorMessage(code=code_of(error), detail=str(error))
