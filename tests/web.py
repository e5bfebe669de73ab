"""Servers on this machine that send footage, or do not, as a test has them do."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


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
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)
    ended = threading.Event()

    def one(sock: socket.socket) -> None:
        with suppress(OSError), sock:
            sock.settimeout(20)
            wrapped = sock if context is None else context.wrap_socket(sock, server_side=True)
            with wrapped:
                handle(Connection(wrapped))

    def accept() -> None:
        while not ended.is_set():
            with suppress(OSError):
                sock, _ = listener.accept()
                threading.Thread(target=one, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
