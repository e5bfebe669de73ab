"""A server on loopback that answers byte by byte as a test says, and breaks off where that says so."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from tests.listening import Listening

Script = Callable[["Heard"], bytes]
"""What is sent to a request; then the connection is closed, whatever was promised."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it came. The names of ``headers`` are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class HostileService(Listening):
    """Gives its answers one after another, the last one for good; ``heard`` is what it was asked."""

    def __init__(self, *answers: bytes | Script) -> None:
        super().__init__()
        self._answers = list(answers)
        self.heard: list[Heard] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def welcome(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            line.settimeout(10)
            if (heard := _read(line)) is not None:
                self.heard.append(heard)
                answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                line.sendall(answer if isinstance(answer, bytes) else answer(heard))


def answer(status: int, body: bytes | object = b"", **headers: str) -> bytes:
    """A whole answer; a body that is no bytes is sent as JSON. Underscores in the names of headers are hyphens."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"Content-Length": str(len(content)), "Connection": "close"} | headers
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status} Told\r\n{lines}\r\n".encode() + content


def stream(text: str) -> bytes:
    """Server-sent events that break off behind ``text``."""
    content = text.encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        + f"{len(content):x}\r\n".encode()
        + content
        + b"\r\n"
    )


def _read(connection: socket.socket) -> Heard | None:
    got = b""
    while b"\r\n\r\n" not in got:
        if not (part := connection.recv(2**16)):
            return None
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        if not (part := connection.recv(2**20)):
            return None
        body += part
    method, path, _ = first.split(" ")
    return Heard(method, path, headers, body)
