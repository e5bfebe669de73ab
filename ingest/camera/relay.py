"""Carries RTSP between a camera and the child that reads it, so that the child connects to nothing else.

FFmpeg follows a server that leads on to another one, wherever that is, and has no setting against it. Until it asks to
play, it is therefore shown no answer that could be such a lead; later it follows none. On the loopback of the machine,
where the two meet, only processes of our own user are let in.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ingest.addresses import Policy
from ingest.camera.addresses import Place
from ingest.camera.caller import is_ours
from ingest.camera.feed import CannotOpen, Feed
from ingest.pinning import pinned
from videoqa.cameras import CameraState

_PATIENCE = 5.0
_BLOCK = 2**16
_LONGEST_TALK = 2**16
_PLAY = b"\nPLAY "
_NAME = b"RTSP/"
_SPACES = frozenset(b" \t\f\v")
_WAITING_CALLERS = 16
_log = logging.getLogger(__name__)


@contextmanager
def relayed(place: Place, policy: Policy) -> Iterator[Feed]:
    """
    Raises:
        CannotOpen: nobody answers there.
        Refused: nobody may be asked there.
    """
    far = _connected(place, policy)
    with far, socket.create_server(("127.0.0.1", 0), backlog=_WAITING_CALLERS) as listening:
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
    """What is said before pictures come, looked through for leads to other servers.

    Each byte is looked at once, and there are no more than ``_LONGEST_TALK`` of them.
    """

    def __init__(self) -> None:
        self.over = False
        self._status = _Status()
        self._said = 0
        self._asked = b"\n"

    def asked(self, data: bytes) -> None:
        asked = self._asked + data
        self.over = self.over or _PLAY in asked
        self._asked = asked[1 - len(_PLAY) :]

    def answered(self, data: bytes) -> None:
        """
        Raises:
            LedOn: the client may not hear that.
        """
        if self.over:
            return
        self._said += len(data)
        if self._said > _LONGEST_TALK:
            raise LedOn("it says more than anybody has to before it plays")
        if self._status.leads(data):
            raise LedOn("it leads on to another address; watch that one")


class _Status:
    """Finds a number from 300 to 399 behind a word with ``RTSP/`` in it: anywhere, since lines may begin elsewhere for
    FFmpeg. It takes the number modulo 2**32, leaves out carriage returns, and cuts off long lines wherever that is.
    """

    def __init__(self) -> None:
        self._matched = 0
        self._named = self._expected = self._begun = self._negative = False
        self._number = 0

    def leads(self, data: bytes) -> bool:
        return any(self._led(byte) for byte in data.replace(b"\r", b""))

    def _led(self, byte: int) -> bool:
        if byte in _SPACES or byte == 10:
            # A word ends; more spaces end nothing.
            self._expected = byte != 10 and (self._named or (self._expected and not self._begun))
            self._matched, self._named, self._begun, self._negative, self._number = 0, False, False, False, 0
            return False
        first, self._begun = not self._begun, True
        self._matched = self._matched + 1 if byte == _NAME[self._matched] else int(byte == _NAME[0])
        if self._matched == len(_NAME):
            self._matched, self._named = 0, True
        if not self._expected:
            return False
        if 48 <= byte <= 57:
            self._number = (10 * self._number + byte - 48) % 2**32
            return 300 <= (-self._number if self._negative else self._number) % 2**32 < 400
        self._expected = first and byte in b"+-"
        self._negative = byte == 45
        return False


class _Relay(threading.Thread):
    """Lets one process of ours in, and carries bytes until either side ends.

    The child answers whoever asks it for the camera's password: so the port is held for as long as the child lives.
    """

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
            self._near = self._let_in()
            if self._ended.is_set():
                _shut(self._near)
            with self._near:
                self._near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._carry(self._near, self._far)
        except LedOn as error:
            _log.warning("a camera is not followed: %s", error)
        except OSError as error:
            if not self._ended.is_set():
                _log.debug("the line to a camera broke: %s", error)
        finally:
            _shut(self._far)

    def _let_in(self) -> socket.socket:
        while True:
            near, _ = self._listening.accept()
            if is_ours(near):
                return near
            near.close()
            _log.warning("another user of this machine asked for the pictures of a camera, and got none")

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
