"""What every request passes before a route: who it comes from, how much that one may ask, and the books about it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from fastapi import FastAPI, Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import web
from api.auth import LOCAL, Doorman
from api.bodies import Bodies
from api.headers import Hardened, refuse_foreign, shared
from api.limits import address_of, payer
from api.meter import Meter
from api.problems import Faults
from api.routes import RouteBook
from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.errors import KeyNeeded, KeyNeededBehindProxy, MalformedRequest, StorageError, VideoqaError, WrongMethod
from videoqa.logs import note
from videoqa.ports import Deed

OPEN = frozenset({"/health/live", "/health/ready", "/health/startup", "/docs", "/openapi.json", *web.PATHS})
"""What is answered without a key; a path that is not here needs one, whoever wrote its route."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_ASKING = frozenset({"/v1/search", "/v1/ask"})
"""What is asked by POST and changes nothing."""
_NOBODY = Caller(key_id="", name="", role=LOCAL.role)
_TUS = "application/offset+octet-stream"
_CLIENT_GONE = 499
_LONGEST = 200
_POLICY_VIOLATION = 1008
_log = logging.getLogger(__name__)


def install(app: FastAPI, service: Service) -> None:
    """Has every request to ``app`` pass here, and every answer leave hardened."""
    app.state.meter = Meter(service.limits)
    app.state.routes = RouteBook(app)
    # What is added last comes first.
    app.add_middleware(Bodies, limits=service.limits, streamed=_brings_footage)
    # Once more inside, so that the audit log has the outcome of what breaks.
    app.add_middleware(Faults)
    app.add_middleware(Gate, service=service, meter=app.state.meter, routes=app.state.routes)
    app.add_middleware(Faults)
    if service.limits.origins:
        app.add_middleware(shared, origins=service.limits.origins)
    app.add_middleware(Hardened)


class Gate:
    """Lets nobody pass whom it does not know. What it finds out is ``request.state.caller``."""

    def __init__(self, app: ASGIApp, service: Service, meter: Meter, routes: RouteBook) -> None:
        self._app = app
        self._service = service
        self._meter = meter
        self._routes = routes
        self._doorman = Doorman(service, meter)

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
        if request.method in _READING or path in _ASKING or path in OPEN:
            await self._app(request.scope, receive, send)
        else:
            await self._written_down(request, receive, send)

    async def _pass_socket(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        try:
            connection.state.caller = await self._known(connection)
        except VideoqaError:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await self._app(connection.scope, receive, send)

    async def _known(self, request: HTTPConnection) -> Caller:
        address = address_of(request)
        try:
            caller = await self._doorman.caller(request.headers, address)
        except KeyNeededBehindProxy:
            raise
        except KeyNeeded:
            await self._write(request, _NOBODY, "wrong key", "", 401)
            raise
        if caller is LOCAL:
            refuse_foreign(request.headers, self._service.limits.origins)
        await self._meter.request(payer(caller or _NOBODY, address))
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
        await self._write(request, request.state.caller, action, subject, outcome)

    async def _write(self, request: HTTPConnection, caller: Caller, action: str, subject: str, outcome: int) -> None:
        deed = Deed(
            at=datetime.now(UTC),
            key_id=caller.key_id,
            key_name=caller.name,
            address=address_of(request),
            action=action[:_LONGEST],
            subject=subject[:_LONGEST],
            request_id=getattr(request.state, "request_id", ""),
            outcome=outcome,
        )
        try:
            await in_thread(lambda: self._service.audit.write(deed), storing=True)
        except StorageError as error:
            # What was done is done; whoever did it is to be told so, and the log of the process has the line.
            _log.error("the audit log cannot be written (%s): %s", error, deed)


def _brings_footage(method: str, path: str, kind: str) -> bool:
    if path == "/v1/recordings":
        return method == "POST" and kind == "multipart/form-data"
    return path.startswith("/v1/uploads") and method in ("POST", "PATCH") and kind == _TUS
