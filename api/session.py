"""A key as a cookie, for what a page cannot send a header with: pictures, videos, WebSockets.

It opens what changes nothing, to pages of the service's own origin: see `api.doorman`.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.auth import Viewer
from api.doorman import COOKIE

router = APIRouter(prefix="/v1/session", tags=["keys"])


@router.post("", status_code=204)
async def begin_session(*, request: Request, caller: Viewer) -> Response:
    """Keep the key that this request brings as a cookie, until the browser is closed or the session ended.

    The cookie is for the pages of this very service, cannot be read by scripts, and is heeded in what changes nothing.
    """
    response = Response(status_code=204)
    secret = request.headers.get("authorization", "").partition(" ")[2].strip()
    if caller.key_id and secret:
        # Whoever speaks TLS for the service says so; a browser that is told wrongly keeps its cookie to itself.
        safe = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
        response.set_cookie(COOKIE, secret, path="/v1", httponly=True, samesite="strict", secure=safe)
    return response


@router.delete("", status_code=204)
async def end_session(*, caller: Viewer) -> Response:
    """Forget the cookie, which is enough to ask for that."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/v1", httponly=True, samesite="strict")
    return response
