"""A camera for tests: an RTSP server on this machine that plays films in a loop, RTP between its answers.

Source: RFC 2326 (RTSP 1.0; 10.12 for the interleaving).
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from tests.listening import Listening
from tests.rtsp.description import described
from tests.rtsp.player import SOURCE, Channel, Player


class RtspServer(Listening):
    """Serves ``channels`` by their paths. Whoever leaves it ends every connection; ``start`` takes the same port again.

    ``played`` counts the sessions that came to a PLAY, ``watching`` those that are under way, ``sent`` the pictures.
    """

    def __init__(self, channels: Mapping[str, Channel], port: int = 0) -> None:
        super().__init__(port)
        self.channels = dict(channels)
        self.played = self.sent = 0
        self.began = time.monotonic()
        self._lock = threading.Lock()
        self._sessions = set[_Session]()

    def url(self, path: str, user: str = "") -> str:
        return f"rtsp://{user + '@' if user else ''}127.0.0.1:{self.port}/{path}"

    @property
    def watching(self) -> int:
        with self._lock:
            return sum(session.playing for session in self._sessions)

    def stop(self) -> None:
        super().stop()
        self.cut()

    def cut(self) -> None:
        """Ends every connection; who comes anew is let in."""
        with self._lock:
            sessions = tuple(self._sessions)
        for session in sessions:
            session.end()
        for session in sessions:
            session.thread.join(10)

    def welcome(self, line: socket.socket) -> None:
        session = _Session(self, line)
        with self._lock:
            self._sessions.add(session)
        session.thread.start()

    def _gone(self, session: _Session) -> None:
        with self._lock:
            self._sessions.discard(session)


@dataclass(frozen=True)
class _Asked:
    """A request; the names of ``headers`` are in small letters."""

    method: str
    url: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return self.url.partition("://")[2].partition("/")[2].strip("/")

    @classmethod
    def read(cls, first: bytes, coming: BinaryIO) -> _Asked:
        """
        Raises:
            ValueError: it is no request.
        """
        method, url, _ = first.decode().split(" ", 2)
        headers = dict[str, str]()
        while line := coming.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        coming.read(int(headers.get("content-length", 0)))
        return cls(method, url, headers)


class _Session:
    """One connection: requests are read on one thread, and pictures sent on another while it plays."""

    def __init__(self, server: RtspServer, line: socket.socket) -> None:
        self.thread = threading.Thread(target=self._answer_all, daemon=True)
        self._server = server
        self._line = line
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._player: threading.Thread | None = None
        self._interleaved = (0, 1)

    @property
    def playing(self) -> bool:
        return self._player is not None and not self._ended.is_set()

    def end(self) -> None:
        self._ended.set()
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def _answer_all(self) -> None:
        try:
            with self._line, self._line.makefile("rb") as coming, suppress(OSError, ValueError):
                self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while (first := coming.read(1)) and not self._ended.is_set():
                    if first == b"$":  # a receiver's report
                        coming.read(int.from_bytes(coming.read(3)[1:], "big"))
                    else:
                        self._answer(_Asked.read(first + coming.readline(), coming))
                self.end()
                if self._player is not None:
                    self._player.join(10)
        finally:
            self._server._gone(self)

    def _answer(self, asked: _Asked) -> None:
        path = asked.path
        found = next((name for name in self._server.channels if path == name or path.startswith(name + "/")), None)
        if found is None:
            self._say(asked, "404 Not Found")
            return
        channel = self._server.channels[found]
        channel.troubles.asked(self._ended)
        if channel.troubles.refusal and asked.method == "DESCRIBE":
            self._say(asked, channel.troubles.refusal)
            return
        if asked.method != "OPTIONS" and (demand := channel.door.demand(asked.method, asked.headers)) is not None:
            self._say(asked, "401 Unauthorized", f"WWW-Authenticate: {demand}")
            return
        wanted = asked.headers.get("transport", "")
        match asked.method:
            case "OPTIONS":
                self._say(asked, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
            case "DESCRIBE":
                body = described(channel.film)
                self._say(asked, "200 OK", "Content-Type: application/sdp", f"Content-Base: {asked.url}/", body=body)
            case "SETUP" if "TCP" not in wanted:
                self._say(asked, "461 Unsupported Transport")
            case "SETUP":
                _, _, numbers = wanted.partition("interleaved=")
                first, _, second = numbers.partition(";")[0].partition("-")
                self._interleaved = (int(first or 0), int(second or 1))
                self._say(asked, "200 OK", f"Transport: {wanted};ssrc={SOURCE:08X}", "Session: 1;timeout=60")
            case "PLAY":
                self._say(asked, "200 OK", "Session: 1", "Range: npt=now-")
                if self._player is None:
                    self._server.played += 1
                    self._player = threading.Thread(target=self._play, args=(channel,), daemon=True)
                    self._player.start()
            case "GET_PARAMETER" | "SET_PARAMETER":
                self._say(asked, "200 OK", "Session: 1")
            case "TEARDOWN":
                self._say(asked, "200 OK", "Session: 1")
                self.end()
            case _:
                self._say(asked, "405 Method Not Allowed")

    def _say(self, asked: _Asked, status: str, *headers: str, body: bytes = b"") -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {asked.headers.get('cseq', '0')}", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self._send("\r\n".join([*lines, "", ""]).encode() + body)

    def _send(self, data: bytes) -> None:
        with self._writing:
            self._line.sendall(data)

    def _play(self, channel: Channel) -> None:
        with suppress(OSError):
            Player(channel, self._interleaved, self._server.began).run(self._ended, self._send, self._count)
        self.end()

    def _count(self) -> None:
        self._server.sent += 1
