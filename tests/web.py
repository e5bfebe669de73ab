"""Servers on this machine that send footage, or do not, as a test has them do."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.listening import Listening


class Connection:
    """One client of a server: what it sent, and what it is to be sent."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.head = b""
        while b"\r\n\r\n" not in self.head and (data := sock.recv(65_536)):
            self.head += data

    @property
    def target(self) -> str:
        return self.head.split(b" ", 2)[1].decode() if self.head else ""

    def header(self, name: str) -> str | None:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return next((line.partition(": ")[2] for line in lines if line.lower().startswith(name.lower() + ":")), None)

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def answer(self, status: str, body: bytes = b"", **headers: str) -> None:
        told = {"Content-Length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self.send(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body)


@contextmanager
def serving(
    handle: Callable[[Connection], None], host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A server at the port that is given, which has ``handle`` answer each connection."""
    with _Server(handle, host, context) as server:
        yield server.port


def rebinding(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Has each look-up of rebind.example find the next of ``answers``, and nobody there: whom one connected to."""
    left, real, connected = list(answers), socket.getaddrinfo, list[str]()

    def found(host: str, port: int, *args: object, **more: object) -> object:
        if host == "rebind.example":
            return real(left.pop(0), port, type=socket.SOCK_STREAM)
        return real(host, port, *args, **more)  # type: ignore[arg-type]

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(socket, "create_connection", connect)
    return connected


class _Server(Listening):
    def __init__(self, handle: Callable[[Connection], None], host: str, context: ssl.SSLContext | None) -> None:
        super().__init__(host=host)
        self._handle = handle
        self._context = context

    def welcome(self, line: socket.socket) -> None:
        threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError), line:
            line.settimeout(20)
            wrapped = line if self._context is None else self._context.wrap_socket(line, server_side=True)
            with wrapped:
                self._handle(Connection(wrapped))
