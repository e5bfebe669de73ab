"""Carries RTSP between a camera and the child that reads it, so that the child connects to nothing else.

FFmpeg follows a server that leads on to another one, wherever that is, and has no setting against it. Until it asks to
play, it is therefore shown no answer that could be such a lead; later it follows none.
"""

from __future__ import annotations

import logging
import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ingest.addresses import Policy
from ingest.camera.addresses import Place
from ingest.camera.feed import CannotOpen, Feed
from ingest.pinning import pinned
from videoqa.cameras import CameraState

_PATIENCE = 5.0
_BLOCK = 2**16
_LONGEST_TALK = 2**16
_PLAY = b"\nPLAY "
# Anywhere, since lines may begin elsewhere for FFmpeg. It takes the number modulo 2**32, where it fits in 64 bits.
_STATUS = re.compile(rb"RTSP/\S{0,4096}[ \t\f\v]+([+-]?)0*(\d{1,19})(?!\d)")
_log = logging.getLogger(__name__)


@contextmanager
def relayed(place: Place, policy: Policy) -> Iterator[Feed]:
    """
    Raises:
        CannotOpen: nobody answers there.
        Refused: nobody may be asked there.
    """
    far = _connected(place, policy)
    with far, socket.create_server(("127.0.0.1", 0), backlog=1) as listening:
        relay = _Relay(listening, far, place.text)
        relay.start()
        login = f"{place.login}@" if place.login else ""
        try:
            yield Feed("rtsp", f"rtsp://{login}127.0.0.1:{listening.getsockname()[1]}{place.rest}")
        finally:
            relay.end()


class LedOn(Exception):
    """The server leads on to another one."""


class Talk:
    """What is said before pictures come, looked through for leads to other servers."""

    def __init__(self) -> None:
        self.over = False
        self._said = b""
        self._asked = b"\n"

    def asked(self, data: bytes) -> None:
        self._asked = (self._asked + data)[-_BLOCK:]
        self.over = self.over or _PLAY in self._asked

    def answered(self, data: bytes) -> None:
        """
        Raises:
            LedOn: the client may not hear that.
        """
        if self.over:
            return
        # FFmpeg leaves out carriage returns wherever they stand.
        begun = max(0, len(self._said) - 2 * 4096)
        self._said += data.replace(b"\r", b"")
        if len(self._said) > _LONGEST_TALK:
            raise LedOn("it says more than anybody has to before it plays")
        for found in _STATUS.finditer(self._said, begun):
            if 300 <= int(found[1] + found[2]) % 2**32 < 400:
                raise LedOn("it leads on to another address; watch that one")


class _Relay(threading.Thread):
    """Lets one client in, and carries bytes until either side ends."""

    def __init__(self, listening: socket.socket, far: socket.socket, shown: str) -> None:
        super().__init__(name="camera relay", daemon=True)
        self._listening = listening
        self._far = far
        self._shown = shown.partition("?")[0]
        self._near: socket.socket | None = None
        self._ended = threading.Event()

    def end(self) -> None:
        self._ended.set()
        for each in (self._listening, self._near, self._far):
            if each is not None:
                _shut(each)
        self.join(_PATIENCE)

    def run(self) -> None:
        try:
            self._near, _ = self._listening.accept()
            if self._ended.is_set():
                _shut(self._near)
            with self._near:
                self._listening.close()
                self._near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._carry(self._near, self._far)
        except LedOn as error:
            _log.warning("a camera is not followed: %s", error)
        except OSError as error:
            if not self._ended.is_set():
                _log.debug("the line to a camera broke: %s", error)
        finally:
            _shut(self._far)

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        talk = Talk()
        both = select.poll()
        both.register(near, select.POLLIN)
        both.register(far, select.POLLIN)
        while True:
            for descriptor, _ in both.poll():
                source, target = (near, far) if descriptor == near.fileno() else (far, near)
                data = source.recv(_BLOCK)
                if not data:
                    return
                if source is near:
                    talk.asked(data)
                else:
                    talk.answered(data)
                target.sendall(data)


def _connected(place: Place, policy: Policy) -> socket.socket:
    try:
        addresses = pinned(place.host, place.port, policy)
    except OSError as error:
        raise CannotOpen(CameraState.OFFLINE, f"there is no server {place.host}") from error
    problem = ""
    for address in addresses:
        try:
            far = socket.create_connection((address, place.port), _PATIENCE)
        except OSError as error:
            problem = error.strerror or f"no answer in {_PATIENCE:.0f} s"
        else:
            far.settimeout(None)
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return far
    raise CannotOpen(CameraState.OFFLINE, f"nobody answers at {place.host}:{place.port} ({problem})")


def _shut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
