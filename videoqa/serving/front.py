"""What the users of a model see: one address, whatever is started, stopped or started again behind it."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx2

from videoqa.serving.asked import AskedInForm, AskedModel
from videoqa.serving.body import AskerGone, Body, Message, Receive
from videoqa.serving.engine import Engine, NotServing, State
from videoqa.serving.metrics import merged

Send = Callable[[Message], Awaitable[None]]
Scope = Mapping[str, Any]

# RFC 9110, 7.6.1: what speaks of one connection is not passed on. Nor is what was settled with the asker already.
_OF_ONE_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
_NOT_PASSED_ON = _OF_ONE_HOP | {b"host", b"expect"}
_KEPT_HERE = _NOT_PASSED_ON | {b"authorization"}
_NOT_TOLD = _OF_ONE_HOP | {b"server", b"date"}
_RESTARTS_IN_S = 5


class Front:
    """An ASGI application that passes requests on to the engine of the model they ask for.

    Args:
        engines: the first one is asked where a request names no model.
        client: what speaks to them.
        key: what a request has to bear; any does where it is empty.
        wait: seconds that a request waits for its model to start.
    """

    def __init__(self, engines: Sequence[Engine], client: httpx2.AsyncClient, key: str, wait: float) -> None:
        self._engines = tuple(engines)
        self._by_name = {name: engine for engine in engines for name in engine.served.all_names}
        self._client, self._key, self._wait = client, key, wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            await self._answered(scope, receive, send)
        except NotServing as no:
            await _refuse(send, 404 if no.code == "model_not_found" else 503, str(no), no.code, no.retry_after)
        except AskerGone:
            return

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["method"], scope["path"]:
            case "GET" | "HEAD", "/health":
                await self._health(send)
            case _ if not self._is_allowed(scope):
                await _refuse(send, 401, "the key is missing or wrong", "invalid_api_key", None)
            case "GET", "/v1/models":
                await _say(send, 200, self._models())
            case "GET", "/metrics":
                await self._metrics(send)
            case _:
                await self._passed_on(scope, receive, send)

    async def _passed_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(receive)
        answering = asyncio.create_task(self._through(scope, body, send))
        listening = asyncio.create_task(body.pump())
        try:
            await asyncio.wait([answering, listening], return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Hanging up on the engine makes it drop the request.
            unheard = not answering.done()
            for task in (answering, listening):
                task.cancel()
            await asyncio.wait([answering, listening])
        if not unheard:
            answering.result()

    async def _through(self, scope: Scope, body: Body, send: Send) -> None:
        engine = await self._asked(scope, body)
        async with engine.lease(self._wait) as url:
            path = scope.get("raw_path", scope["path"].encode()) + (b"?" + scope["query_string"]).rstrip(b"?")
            withheld = _KEPT_HERE if self._key else _NOT_PASSED_ON
            headers = [(name, value) for name, value in scope["headers"] if name not in withheld]
            if not _header(scope, b"accept-encoding"):
                headers.append((b"accept-encoding", b"identity"))
            content = body.chunks() if _has_body(scope) else None
            request = self._client.build_request(
                scope["method"], httpx2.URL(url).copy_with(raw_path=path), headers=headers, content=content
            )
            begun = False
            try:
                response = await self._client.send(request, stream=True)
                try:
                    told = [(name.lower(), value) for name, value in response.headers.raw]
                    passed = [(name, value) for name, value in told if name not in _NOT_TOLD]
                    await send({"type": "http.response.start", "status": response.status_code, "headers": passed})
                    begun = True
                    async for chunk in response.aiter_raw():
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                finally:
                    await response.aclose()
            except httpx2.TransportError as error:
                # An answer broken off in its midst stays unfinished: the connection is closed without its end.
                if not begun:
                    message = f"{engine.served.name} ended while it was asked and is being started again"
                    raise NotServing(message, "model_restarting", _RESTARTS_IN_S) from error
                raise AskerGone from error
            await send({"type": "http.response.body", "body": b""})

    async def _asked(self, scope: Scope, body: Body) -> Engine:
        """The engine that a request is for."""
        if len(self._engines) == 1:
            return self._engines[0]
        asked = AskedInForm() if b"multipart/form-data" in _header(scope, b"content-type") else AskedModel()
        name = await body.model(asked) if scope["method"] == "POST" else None
        if name is None:
            return next((engine for engine in self._engines if engine.state is State.UP), self._engines[0])
        if name not in self._by_name:
            message = f"no model is called {name!r} here; there are {', '.join(self._by_name)}"
            raise NotServing(message, "model_not_found", None)
        return self._by_name[name]

    def _is_allowed(self, scope: Scope) -> bool:
        if not self._key:
            return True
        return hmac.compare_digest(_header(scope, b"authorization"), b"Bearer " + self._key.encode())

    def _models(self) -> dict[str, object]:
        """The list of OpenAI's shape, of all names at once; with vLLM's ``max_model_len``, and the largest video."""
        entries = []
        for engine in self._engines:
            served = engine.served
            for name in served.all_names:
                entry: dict[str, object] = {"id": name, "object": "model", "created": 0, "owned_by": "videoqa"}
                entry |= {"root": served.layout.model, "parent": None if name in served.names else served.name}
                entry |= {"max_model_len": engine.context, "max_video_tokens": served.layout.video_tokens}
                entries.append(entry | {"state": engine.state.value})
        return {"object": "list", "data": entries}

    async def _health(self, send: Send) -> None:
        states = {engine.served.name: engine.state.value for engine in self._engines}
        well = any(engine.state is not State.FAILED for engine in self._engines)
        await _say(send, 200 if well else 503, {"status": "ok" if well else "failed", "models": states})

    async def _metrics(self, send: Send) -> None:
        told = []
        for engine in self._engines:
            if engine.url:
                try:
                    told.append((await self._client.get(f"{engine.url}/metrics", timeout=10)).text)
                except httpx2.HTTPError:
                    continue
        up = {engine.served.name: engine.state is State.UP for engine in self._engines}
        body = merged(told, up).encode()
        headers = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
        await _send(send, 200, headers, body)


def _header(scope: Scope, wanted: bytes) -> bytes:
    """The value of a header; empty where it is not there. Names come in lower case."""
    return next((bytes(value) for name, value in scope["headers"] if name == wanted), b"")


def _has_body(scope: Scope) -> bool:
    return scope["method"] in ("POST", "PUT", "PATCH") or bool(_header(scope, b"content-length"))


async def _refuse(send: Send, status: int, message: str, code: str, retry_after: int | None) -> None:
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": None, "code": code}
    await _say(send, status, {"error": error}, [] if retry_after is None else [(b"retry-after", b"%d" % retry_after)])


async def _say(send: Send, status: int, document: object, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    await _send(send, status, [(b"content-type", b"application/json"), *headers], json.dumps(document).encode())


async def _send(send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
