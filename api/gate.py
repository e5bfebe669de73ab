"""What every request passes before a route: who it comes from, how much that one may ask, and the books about it."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi import FastAPI, Request
from starlette.datastructures import State
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import web
from api.alert_feed import SOCKET
from api.auth import LOCAL
from api.bodies import Bodies
from api.books import write_down
from api.doorman import Doorman
from api.guests import CUT, Guests
from api.headers import Hardened, refuse_other_sites, shared
from api.limits import address_of, payer
from api.meter import Meter
from api.problems import Faults, answer_to
from api.routes import RouteBook
from api.service import Service
from videoqa.access import Caller
from videoqa.errors import KeyNeeded, MalformedRequest, VideoqaError, WrongMethod
from videoqa.logs import note

OPEN = frozenset({"/health/live", "/health/ready", "/health/startup", "/docs", "/openapi.json", *web.PATHS})
"""What is answered without a key; a path that is not here needs one, whoever wrote its route."""
ASKING_THEMSELVES = frozenset({SOCKET})
"""Sockets that are opened without a key, and ask for it in the first message."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_ASKING = frozenset({"/v1/search", "/v1/ask"})
"""What is asked by POST and changes nothing."""
_KEYS = "/v1/keys"
_NOBODY = Caller(key_id="", name="", role=LOCAL.role)
_SUBTITLES = re.compile("/v1/recordings/[^/]+/subtitles/[^/]+")
_TUS = "application/offset+octet-stream"
_CLIENT_GONE = 499
_POLICY_VIOLATION = 1008


def install(app: FastAPI, service: Service) -> None:
    """Has every request to ``app`` pass here, and every answer leave hardened."""
    app.state.meter = Meter(service.limits)
    app.state.routes = RouteBook(app)
    app.state.doorman = Doorman(service, app.state.meter)
    # What is added last comes first.
    app.add_middleware(Bodies, limits=service.limits, streamed=_brings_footage)
    # Once more inside, so that the audit log has the outcome of what breaks.
    app.add_middleware(Faults)
    app.add_middleware(Gate, service=service, state=app.state)
    app.add_middleware(Faults)
    if service.limits.origins:
        app.add_middleware(shared, origins=service.limits.origins)
    app.add_middleware(Hardened)


class Gate:
    """Lets nobody pass whom it does not know. What it finds out is ``request.state.caller``."""

    def __init__(self, app: ASGIApp, service: Service, state: State) -> None:
        """``state`` is that of the application, which has meter, routes, doorman and guests."""
        self._app = app
        self._service = service
        self._meter: Meter = state.meter
        self._routes: RouteBook = state.routes
        self._doorman: Doorman = state.doorman
        self._guests: Guests = state.guests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._pass(Request(scope), receive, send)
        elif scope["type"] == "websocket":
            await self._pass_socket(HTTPConnection(scope), receive, send)
        else:
            await self._app(scope, receive, send)

    async def _pass(self, request: Request, receive: Receive, send: Send) -> None:
        path = request.scope["path"]
        if "\0" in path or b"%00" in request.scope["query_string"]:
            raise MalformedRequest(problem="the URL holds a NUL")
        if path not in OPEN:
            request.state.caller = await self._known(request)
            note(key=request.state.caller.key_id)
            self._routes.check(request.method, path, request.query_params)
        else:
            await self._meter.request(payer(_NOBODY, address_of(request)))
            if request.method not in ("GET", "HEAD"):
                # Whoever shows no key has no body read.
                raise WrongMethod(method=request.method, allowed=self._routes.methods(path))
        leave = self._entered(request)
        try:
            if request.method in _READING or path in _ASKING or path in OPEN:
                await self._app(request.scope, receive, send)
            else:
                await self._written_down(request, receive, send)
        finally:
            leave()

    def _entered(self, request: Request) -> Callable[[], None]:
        """Has the connection cut when the key is revoked: to whatever answers, whoever asked has hung up."""
        cut, path = request.scope.get("extensions", {}).get(CUT), request.scope["path"]
        # Whoever makes the first key or revokes their own is to have the answer to that.
        if cut is None or path in OPEN or path.startswith(_KEYS):
            return _nothing
        return self._guests.enter(request.state.caller, cut)

    async def _pass_socket(self, socket: HTTPConnection, receive: Receive, send: Send) -> None:
        try:
            refuse_other_sites(socket.headers, self._service.limits.origins)
            socket.state.caller = await self._doorman.caller(socket)
            if socket.state.caller is None and socket.scope["path"] not in ASKING_THEMSELVES:
                raise KeyNeeded
        except VideoqaError as error:
            await _refused(socket, error, send)
        else:
            await self._app(socket.scope, receive, send)

    async def _known(self, request: HTTPConnection) -> Caller:
        caller = await self._doorman.caller(request)
        if caller is None:
            raise KeyNeeded
        return caller

    async def _written_down(self, request: Request, receive: Receive, send: Send) -> None:
        """Passes a request on that may change something. Its line is written before its answer leaves."""
        outcome = _CLIENT_GONE
        written = False

        async def watched(message: Message) -> None:
            nonlocal outcome, written
            if message["type"] == "http.response.start" and not written:
                outcome, written = message["status"], True
                await self._write_deed(request, outcome, dict(message.get("headers", ())).get(b"location", b""))
            await send(message)

        try:
            await self._app(request.scope, receive, watched)
        finally:
            if not written:
                await self._write_deed(request, outcome, b"")

    async def _write_deed(self, request: Request, outcome: int, location: bytes) -> None:
        made = location.decode("latin-1").rstrip("/").rpartition("/")[2]
        subject = "/".join(map(str, request.path_params.values())) or made
        action = f"{request.method} {self._routes.template(request.url.path)}"
        await write_down(self._service, request, request.state.caller, action, subject=subject, outcome=outcome)


async def _refused(socket: HTTPConnection, error: VideoqaError, send: Send) -> None:
    """Answers the request for a socket as any other that is refused, where the server can."""
    if "websocket.http.response" not in socket.scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    told = answer_to(socket, error)
    await send({"type": "websocket.http.response.start", "status": told.status_code, "headers": told.raw_headers})
    await send({"type": "websocket.http.response.body", "body": told.body})


def _nothing() -> None:
    pass


def _brings_footage(method: str, path: str, kind: str) -> bool:
    if path == "/v1/recordings":
        return method == "POST" and kind == "multipart/form-data"
    if _SUBTITLES.fullmatch(path):
        return method == "PUT"
    return path.startswith("/v1/uploads") and method in ("POST", "PATCH") and kind == _TUS
