"""The application before the application: it tells at once that the service lives, and holds what comes too early."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

PATIENCE = 20.0
"""Seconds that a request waits for the service to be there."""
# As `api.problems` says it, whose imports take the time that this is to bridge.
_NOT_READY = {
    "type": "urn:videoqa:problem:not-ready",
    "title": "Service Unavailable",
    "status": 503,
    "code": "not-ready",
    "detail": "The service is starting; try again in a few seconds.",
    "request_id": "",
    "errors": [],
}
_TOLD = {
    "/health/live": (200, {"state": "up"}),
    "/health/ready": (503, {"state": "starting"}),
    "/health/startup": (503, {"state": "starting"}),
}


class Opening:
    """An ASGI application that hands everything to ``app`` as soon as there is one."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._decided = asyncio.Event()

    def open(self, app: ASGIApp) -> None:
        self._app = app
        self._decided.set()

    def give_up(self) -> None:
        """There will be none: whoever waits is told."""
        self._decided.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None and scope["type"] == "http" and scope["path"] in _TOLD:
            await _answer(send, *_TOLD[scope["path"]])
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._decided.wait(), PATIENCE)
        if self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, 503, _NOT_READY, "application/problem+json")


async def _answer(send: Send, status: int, body: Mapping[str, object], kind: str = "application/json") -> None:
    told = json.dumps(body).encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(told)).encode())]
    headers += [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
    if status != 200:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": told})
