"""The outermost of the application: every request gets an id, a line in the log, and its place in the metrics."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders, State
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.routes import RouteBook
from videoqa import tracing
from videoqa.logs import about

_log = logging.getLogger(__name__)
_SANE = re.compile(r"[A-Za-z0-9._:/+=@-]{1,64}")
_PROBES = ("/health", "/metrics")
_CLIENT_GONE = 499
_BROKEN = 500


class Edge:
    """Tells of a request when it has ended, however it did."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: RouteBook) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request = _Request(scope, send, self._metrics, _request_id(headers))
        scope.setdefault("state", {})["request_id"] = request.id
        with about(request=request.id), tracing.span("request", remote=headers.get("traceparent", "")) as span:
            try:
                await self._app(scope, request.received(receive), request.sent)
            except BaseException:
                request.status = request.status or _BROKEN
                raise
            finally:
                route = self._route(scope)
                request.ended(route)
                span.name(f"{request.method} {route}")
                span.set(
                    {
                        "http.request.method": request.method,
                        "http.route": route,
                        "http.response.status_code": request.status or _CLIENT_GONE,
                        "videoqa.request": request.id,
                    }
                )

    def _route(self, scope: Scope) -> str:
        """The path of the route as it is written; never what somebody has made up."""
        route = getattr(scope.get("route"), "path", None)
        if route is not None:
            return str(route)
        return self._routes.template(scope["path"]) if self._routes.methods(scope["path"]) else "unknown"


class _Request:
    """What becomes of one request."""

    def __init__(self, scope: Scope, send: Send, metrics: Metrics, request_id: str) -> None:
        self.id = request_id
        self.status = 0
        self.method = metrics.method(scope["method"])
        self._scope = scope
        self._send = send
        self._metrics = metrics
        self._begun = time.perf_counter()
        self._in = 0
        self._out = 0
        self._follows = False

    def received(self, receive: Receive) -> Receive:
        async def counted() -> Message:
            message = await receive()
            self._in += len(message.get("body", b""))
            return message

        return counted

    async def sent(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.id
            if headers.get("content-type", "").startswith("text/event-stream"):
                self._follows = True
                self._metrics.followers.inc()
        else:
            self._out += len(message.get("body", b""))
        await self._send(message)

    def ended(self, route: str) -> None:
        seconds = time.perf_counter() - self._begun
        status = self.status or _CLIENT_GONE
        if self._follows:
            self._metrics.followers.dec()
        self._metrics.request(route, self.method, status, seconds=seconds, received=self._in, sent=self._out)
        level = logging.DEBUG if route.startswith(_PROBES) and status < _BROKEN else logging.INFO
        if not _log.isEnabledFor(level):
            return
        caller = getattr(State(self._scope["state"]), "caller", None)
        _log.log(
            level,
            "%s %s %d",
            self.method,
            route,
            status,
            extra={
                "fields": {
                    "key": getattr(caller, "key_id", "") or "-",
                    **{name: str(value)[:64] for name, value in self._scope.get("path_params", {}).items()},
                    "address": (self._scope.get("client") or ("",))[0],
                    "ms": round(1000 * seconds, 1),
                    "in": self._in,
                    "out": self._out,
                }
            },
        )


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _SANE.fullmatch(given) else secrets.token_hex(8)
