"""A run of ``ingest.camera.child``, as its parent sees it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

from ingest.camera.wire import LARGEST_MESSAGE, Message, Order, decode
from ingest.sandbox import environment, widen
from ingest.wire import HEADER, BadMessage
from videoqa.cameras import CameraState

# A machine with other work may be slow to start it.
_STARTING_SECONDS = 30.0
_BEYOND_STALL = 5.0


class ChildLost(Exception):
    """The child died, hangs, or says what cannot be."""

    def __init__(self, state: CameraState, problem: str) -> None:
        super().__init__(problem)
        self.state = state
        self.problem = problem


class Process:
    """Leaving it kills the child.

    Attributes:
        grace: how many seconds a child that was told to end may take for it.
        ending: it was told to.
    """

    grace = 5.0

    def __init__(self, order: Order) -> None:
        self.ending = False
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "ingest.camera.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=() if order.descriptor is None else (order.descriptor,),
            env=environment(),
            bufsize=0,
            # Ctrl-C is for the parent to hear; it ends the child itself.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        widen(self._stdout.fileno())
        # A child that ended already is found out when it is listened to.
        with suppress(BrokenPipeError):
            self._stdin.write(order.to_json() + b"\n")

    @property
    def id(self) -> int:
        return self._process.pid

    def messages(self, stall: float) -> Iterator[Message]:
        """What the child says, until it ends.

        Raises:
            ChildLost: it said nothing for ``stall`` seconds and some, or what is no message.
        """
        patience = _STARTING_SECONDS + stall
        while (header := self._read(HEADER.size, patience)) is not None:
            kind, length = HEADER.unpack(header)
            if length > LARGEST_MESSAGE:
                raise ChildLost(CameraState.OFFLINE, "what reads it said something without end")
            body = self._read(length, patience)
            if body is None:
                return
            try:
                message = decode(kind, body)
            except BadMessage as error:
                raise ChildLost(CameraState.OFFLINE, "what reads it said something that cannot be read") from error
            patience = stall + _BEYOND_STALL
            yield message

    def end(self) -> None:
        """Asks the child to end; it still tells what it has."""
        self.ending = True
        with suppress(OSError):
            self._stdin.close()

    def kill(self) -> None:
        self._process.kill()

    def _read(self, length: int, patience: float) -> memoryview | None:
        """The next ``length`` bytes; None where the child ended before."""
        buffer = memoryview(bytearray(length))
        poll = select.poll()
        poll.register(self._stdout, select.POLLIN)
        have, until = 0, time.monotonic() + patience
        while have < length:
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                raise ChildLost(CameraState.STALLED, "no picture comes any more")
            got = os.readv(self._stdout.fileno(), [buffer[have:]])
            if got == 0:
                return None
            have += got
        return buffer.toreadonly()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self.end()
        self._stdout.close()
        self._process.wait()
