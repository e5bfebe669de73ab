"""HTTP to one model server: a pool of connections, time-outs, and what went wrong told apart. No retries here."""

from __future__ import annotations

import json
import socket
import time
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2

from videoqa.errors import escaped
from videoqa.line import Line, current

_LONGEST_MESSAGE = 300
_LONGEST_BODY = 16 * 2**20
_LONGEST_LINE = 2**20
_KEPT = 64
_JSON = "application/json"
_IDLE = 4.0
"""Seconds a connection is kept: less than the five after which uvicorn, and vLLM with it, closes an idle one."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds until a connection, the next piece of a stream, a whole reply, and what is asked of the server itself."""

    connect: float = 5.0
    read: float = 120.0
    total: float = 900.0
    brief: float = 10.0


class Silence(Exception):
    """No answer came: the connection could not be made, or broke. ``refused`` where nobody listens there."""

    def __init__(self, problem: str, *, refused: bool = False) -> None:
        super().__init__(problem)
        self.refused = refused


class Overdue(Exception):
    """The connection stands and no answer came in time."""


class Garbled(Exception):
    """What came is not of the protocol."""


class Refusal(Exception):
    """An error that the server told. ``pause`` is the seconds it asks to be left alone for, None where it does not."""

    def __init__(self, status: int, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.pause = pause


class Wire:
    """Connections to the server at ``url`` (up to its /v1). Safe to use from several threads at once."""

    def __init__(self, url: str, key: str, timeouts: Timeouts) -> None:
        parsed = httpx2.URL(url.rstrip("/"))
        self.url = str(parsed.copy_with(userinfo=b""))
        """The URL as it may be shown: without the name and password that may stand in it."""
        self.root = self.url.removesuffix("/v1")
        self._secrets = tuple(filter(None, (key, parsed.password)))
        self.timeouts = timeouts
        self._sockets: weakref.WeakSet[Any] = weakref.WeakSet()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        auth = (parsed.username, parsed.password) if parsed.username else None
        # A proxy that the environment names cannot reach this very machine.
        foreign = parsed.host not in {"localhost", "127.0.0.1", "::1"}
        verify = httpx2.create_ssl_context(trust_env=foreign)

        def client(kept: int) -> httpx2.Client:
            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=kept, keepalive_expiry=_IDLE)
            return httpx2.Client(headers=headers, auth=auth, limits=limits, trust_env=foreign, verify=verify)

        self._client = client(_KEPT)
        # What the model works on for seconds has a connection of its own: to close that is how it is told to stop, and
        # which one a request has is known only of a new one.
        self._own = client(0)

    def __repr__(self) -> str:
        return f"Wire({self.url!r})"

    def get(self, url: str) -> bytes:
        """The body at ``url``."""
        with self._response("GET", url, None, self.timeouts.brief, self.timeouts.brief) as response:
            return self._body(response, self.timeouts.brief)

    def post(self, url: str, body: bytes, *, within: float | None = None, kind: str = _JSON) -> dict[str, Any]:
        """The JSON object that ``url`` answers ``body``, of content type ``kind``, with.

        Raises:
            HungUp: it was hung up on. What is to come ``within`` a short time is waited for.
        """
        total = within or self.timeouts.total
        with self._response("POST", url, body, total, total, kind=kind, own=within is None) as response:
            answer = parsed_object(self._body(response, total))
        if answer.get("error"):  # told with a status of 200, as some gateways do
            raise self._told(answer, 500)
        return answer

    def stream(self, url: str, body: bytes) -> Generator[dict[str, Any]]:
        """The JSON objects of the events that ``url`` answers ``body`` with. Closing the iterator hangs up.

        Raises:
            HungUp: it was hung up on from elsewhere.
        """
        total = self.timeouts.total
        with self._response("POST", url, body, min(self.timeouts.read, total), total, own=True) as response:
            for line in self._lines(response, total):
                data = line[5:].strip() if line.startswith(b"data:") else b""
                if not data:
                    continue
                if data == b"[DONE]":
                    return
                event = parsed_object(data)
                if event.get("error"):
                    raise self._told(event, 500)
                yield event

    def close(self) -> None:
        """Hangs up whatever is under way: what waits for it, in any thread, gets ``Silence``."""
        _shut(list(self._sockets))
        self._client.close()
        self._own.close()

    @contextmanager
    def _response(
        self,
        method: str,
        url: str,
        body: bytes | None,
        read: float,
        total: float,
        *,
        kind: str = _JSON,
        own: bool = False,
    ) -> Iterator[httpx2.Response]:
        """The response to a request; one on a connection of its ``own`` can be hung up on."""
        call = _Call(self._sockets, current() if own else Line())
        with call.line.ending(call.end), self._told_apart(read):
            began = time.monotonic()
            timeout = httpx2.Timeout(total, connect=self.timeouts.connect, read=read)
            headers = {"Content-Type": kind} if body is not None else {}
            client = self._own if own else self._client
            with client.stream(
                method, url, content=body, headers=headers, timeout=timeout, extensions={"trace": call.traced}
            ) as response:
                if response.status_code != httpx2.codes.OK:
                    raise self._refusal(response, max(1.0, total - (time.monotonic() - began)))
                yield response

    @contextmanager
    def _told_apart(self, read: float) -> Iterator[None]:
        try:
            yield
        except httpx2.ConnectTimeout as error:
            raise Silence("no connection in time", refused=True) from error
        except httpx2.TimeoutException as error:
            raise Overdue(f"no answer in {read:.0f} s") from error
        except httpx2.ConnectError as error:
            raise Silence(self._shown(error) or "no connection", refused=True) from error
        except (httpx2.RequestError, RuntimeError) as error:  # RuntimeError: the client was closed in another thread
            raise Silence(self._shown(error) or "the connection broke") from error

    def _body(self, response: httpx2.Response, total: float) -> bytes:
        body = bytearray()
        for piece in self._pieces(response, total):
            body += piece
            if len(body) > _LONGEST_BODY:
                raise Garbled(f"what came is longer than {_LONGEST_BODY} bytes")
        return bytes(body)

    def _pieces(self, response: httpx2.Response, total: float) -> Iterator[bytes]:
        deadline = time.monotonic() + total
        for piece in response.iter_bytes():
            if time.monotonic() > deadline:
                raise Overdue(f"no whole answer in {total:.0f} s")
            yield piece

    def _lines(self, response: httpx2.Response, total: float) -> Iterator[bytes]:
        rest = b""
        for piece in self._pieces(response, total):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
            if len(rest) > _LONGEST_LINE:
                raise Garbled(f"a line of the stream is longer than {_LONGEST_LINE} bytes")
        yield rest

    def _refusal(self, response: httpx2.Response, total: float) -> Refusal:
        content = b""
        with suppress(Garbled):  # however long its page is, the status tells
            content = self._body(response, total)
        pause = response.headers.get("retry-after", "")
        try:
            told = parsed_object(content)
        except Garbled:
            told = {"message": content[:_LONGEST_MESSAGE].decode(errors="replace")}
        refusal = self._told(told, response.status_code)
        return Refusal(response.status_code, refusal.message, float(pause) if pause.isdecimal() else None)

    def _told(self, told: Mapping[str, Any], status: int) -> Refusal:
        """A refusal from ``{"error": {"message", "code"}}`` or, of servers that do without, what is inside alone."""
        error = told.get("error", told)
        message = error.get("message", error.get("detail")) if isinstance(error, dict) else error
        code = error.get("code") if isinstance(error, dict) else None
        return Refusal(code if isinstance(code, int) else status, self._shown(message or f"status {status}"))

    def _shown(self, message: object) -> str:
        try:
            text = str(message)
        except RecursionError:  # it was just shallow enough to be read
            text = "an error nested too deeply"
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = escaped(text)
        return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


class _Call:
    """The connections that are made for one request."""

    def __init__(self, every: weakref.WeakSet[Any], line: Line) -> None:
        self.line = line
        self._every = every
        self._made: list[Any] = []

    def traced(self, event: str, facts: Mapping[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._every.add(facts["return_value"])
            self._made.append(facts["return_value"])
            if self.line.gone:
                self.end()

    def end(self) -> None:
        _shut(self._made)


def _shut(streams: Sequence[Any]) -> None:
    for stream in streams:
        # Closing a socket does not wake a thread that waits on it; shutting it down does.
        with suppress(OSError):
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def parsed_object(content: bytes) -> dict[str, Any]:
    """The JSON object ``content``; raises ``Garbled`` where it is none."""
    try:
        value = json.loads(content)
    except ValueError as error:
        raise Garbled("what came is not JSON") from error
    except RecursionError as error:
        raise Garbled("what came is nested too deeply") from error
    if not isinstance(value, dict):
        raise Garbled("what came is no JSON object")
    return value
