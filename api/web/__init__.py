"""The pages, `/` and `/live`: a few files and a picture, over the API that everybody has. They need nothing from
elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import FastAPI, Request, Response

_HTML, _CSS, _SCRIPT = "text/html; charset=utf-8", "text/css; charset=utf-8", "text/javascript; charset=utf-8"
PATHS = {
    "/": ("page.html", _HTML),
    "/live": ("live.html", _HTML),
    "/page.svg": ("page.svg", "image/svg+xml"),
    **{f"/{name}": (name, _CSS) for name in ("page.css", "live.css")},
    **{
        f"/{name}": (name, _SCRIPT)
        for name in ("page.js", "live.js", "shared.js", "cameras.js", "alerts.js", "rules.js", "drawing.js")
    },
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def install(app: FastAPI) -> None:
    """Adds the pages to ``app``. They hold nothing of anybody's, so that they need no key; what they ask for does."""
    for path, (name, media_type) in PATHS.items():
        content = files(__name__).joinpath(name).read_bytes()
        app.add_api_route(path, _route(content, media_type), methods=["GET"], include_in_schema=False)


def _route(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "ETag": etag}

    async def page(request: Request) -> Response:
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=media_type, headers=headers)

    return page
