"""Bodies as they are read: bounded in size and time, and JSON that is nothing but JSON."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from email.message import Message as MediaType
from typing import Any, NoReturn

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.service import Limits
from api.threads import in_thread
from videoqa.errors import BodyTooLarge, MalformedJson, TooSlow

LARGEST = 2**20
"""Bytes of the largest body that is no upload."""
DEEPEST = 32
"""Arrays and objects of a JSON body inside one another."""
_SHORT = 2**14


class Bodies:
    """Reads small bodies as a whole before the application is asked. ``streamed`` says which requests bring footage:
    those go on as they come, as long as they come.
    """

    def __init__(self, app: ASGIApp, limits: Limits, streamed: Callable[[str, str, str], bool]) -> None:
        self._app = app
        self._limits = limits
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        kind = _media_type(headers)
        if "content-length" not in headers and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
        elif self._streamed(scope["method"], scope["path"], kind):
            await self._app(scope, _paced(receive, self._limits), send)
        else:
            if _declared(headers) > LARGEST:
                raise BodyTooLarge(limit=LARGEST)
            body = await self._whole(receive)
            if kind == "application/json" or kind.endswith("+json"):
                await _check(body)
            await self._app(scope, _replayed(body, receive), send)

    async def _whole(self, receive: Receive) -> bytes:
        body = bytearray()
        with anyio.move_on_after(self._limits.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                if len(body) > LARGEST:
                    raise BodyTooLarge(limit=LARGEST)
                if not message.get("more_body", False):
                    return bytes(body)
        raise TooSlow(seconds=self._limits.body_seconds)


def _paced(receive: Receive, limits: Limits) -> Receive:
    """``receive`` that ends with ``TooSlow`` where too little came in the time that was spent waiting for it."""
    waited, got, ended = 0.0, 0, False

    async def paced() -> Message:
        nonlocal waited, got, ended
        if ended:
            return await receive()
        began = time.monotonic()
        with anyio.move_on_after(limits.body_seconds) as waiting:
            message = await receive()
        waited += time.monotonic() - began
        if waiting.cancelled_caught:
            raise TooSlow(seconds=limits.body_seconds)
        got += len(message.get("body", b""))
        ended = not message.get("more_body", False)
        if waited >= limits.body_seconds:
            if got < limits.body_rate * waited and not ended:
                raise TooSlow(seconds=limits.body_seconds)
            waited, got = 0.0, 0
        return message

    return paced


def _replayed(body: bytes, receive: Receive) -> Receive:
    told = False

    async def replayed() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


async def _check(body: bytes) -> None:
    if len(body) <= _SHORT:
        check_json(body)
    else:
        await in_thread(lambda: check_json(body))


def check_json(body: bytes) -> None:
    """
    Raises:
        MalformedJson: ``body`` is no JSON, or holds what JSON has no words for or its readers differ about.
    """
    if not body:
        return
    try:
        value = json.loads(
            body.decode("utf-8"), parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_once_each
        )
        _check_parts(value)
    except UnicodeError as error:
        raise MalformedJson(problem="it is no UTF-8, or holds half a character") from error
    except RecursionError as error:
        raise MalformedJson(problem=f"it is more than {DEEPEST} levels deep") from error
    except ValueError as error:
        raise MalformedJson(problem=error) from error


def _check_parts(value: Any) -> None:
    level, depth = [value], 0
    while level:
        for text in (each for each in level if isinstance(each, str)):
            text.encode("utf-8")  # half a character is no text
            if "\0" in text:
                raise ValueError("a text holds a NUL")  # no database keeps one
        depth += any(isinstance(each, (dict, list)) for each in level)
        if depth > DEEPEST:
            raise ValueError(f"it is more than {DEEPEST} levels deep")
        level = [part for each in level for part in _parts(each)]


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is larger than any number")
    return number


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict[str, Any]()
    for name, value in pairs:
        if name in known:
            raise ValueError(f"{name[:40]} stands there more than once")
        known[name] = value
    return known


def _media_type(headers: Headers) -> str:
    message = MediaType()
    message["content-type"] = headers.get("content-type", "application/octet-stream")
    return message.get_content_type()


def _declared(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isdecimal() and len(told) < 20 else 0
