"""What every answer tells browsers to keep to, and whose pages may ask at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from videoqa.errors import ForeignHost, ForeignOrigin

_STRICT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_TOLD_TO_PAGES = (
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Location",
    "Retry-After",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "X-Clip-Copied",
    "X-Clip-End",
    "X-Clip-Start",
    "X-Request-Id",
)


class Hardened:
    """Gives every answer the headers that keep it from doing harm; a route that sets one itself keeps its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _STRICT.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, hardened if scope["type"] == "http" else send)


def shared(app: ASGIApp, origins: Collection[str]) -> CORSMiddleware:
    """``app``, usable by the pages of ``origins``. They send a key; there are no cookies to be sent."""
    return CORSMiddleware(
        app,
        allow_origins=tuple(origins),
        allow_methods=("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"),
        allow_headers=("*",),
        expose_headers=_TOLD_TO_PAGES,
    )


def refuse_foreign(headers: Headers, origins: Collection[str]) -> None:
    """Where no key is asked for, a page that somebody opens on this machine must not drive the service: not by asking
    it from its own site, nor by having a name of its own lead to this address.

    Raises:
        ForeignHost: the request was sent to a name that is not this machine's alone.
        ForeignOrigin: it comes from a page of another site.
    """
    host = headers.get("host", "")
    if not _is_loopback(host):
        raise ForeignHost(host=host or "none")
    origin = headers.get("origin")
    if origin is not None and origin not in origins and origin != f"http://{host}":
        raise ForeignOrigin(origin=origin)
    if origin is None and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise ForeignOrigin(origin=headers.get("referer") or "another site")


def refuse_other_sites(headers: Headers, origins: Collection[str]) -> None:
    """A WebSocket is open to pages of every site unless the server looks at where they come from.

    Raises:
        ForeignOrigin: it comes from a page of another site.
    """
    origin = headers.get("origin")
    if origin is not None and origin not in origins and not _is_own(origin, headers):
        raise ForeignOrigin(origin=origin)


def same_origin(request: HTTPConnection) -> bool:
    """False where a browser says that a page of another site is behind ``request``, be it of the same host."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "none")
    return site in ("none", "same-origin") and (origin is None or _is_own(origin, request.headers))


def _is_own(origin: str, headers: Headers) -> bool:
    # Whoever speaks TLS for the service keeps the host, not the scheme.
    return origin.partition("://")[0] in ("http", "https") and origin.partition("://")[2] == headers.get("host", "")


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
