"""A child process that is told what to do by one line, and answers in messages."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf

from ingest.wire import HEADER

_PIPE_BYTES = 2**20


class Silent(Exception):
    """The child said nothing for as long as it was waited for: ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} seconds")
        self.seconds = seconds


class Endless(Exception):
    """The child began a message that is larger than any can be."""


class Offspring:
    """One run of the module ``module``; leaving it kills it.

    Args:
        order: what it is to do, a line without its end; None where that is said later.
        descriptor: an open file that it gets, by the same number.
    """

    def __init__(self, module: str, order: bytes | None, descriptor: int | None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=() if descriptor is None else (descriptor,),
            env=_environment(),
            bufsize=0,
            # Ctrl-C is for the parent to hear; it ends the child itself.
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._patience = inf
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        _widen(self._stdout.fileno())
        if order is not None:
            # Standard input stays open: its end tells the child that the parent is gone, or wants no more.
            self.say(order + b"\n")

    def messages(
        self, largest: int, stall: Callable[[], float], patience: float = inf
    ) -> Iterator[tuple[bytes, memoryview]]:
        """The kind and the body of each message, until the child ends.

        Args:
            largest: bytes of the largest message.
            stall: how many seconds to wait for the next message, and for the rest of one that has begun.
            patience: how many to wait in all.

        Raises:
            Silent: it was not there in that time.
            Endless: a message is larger.
        """
        self._patience = patience
        while (header := self._read(HEADER.size, stall())) is not None:
            kind, length = HEADER.unpack(header)
            if length > largest:
                raise Endless
            body = self._read(length, stall())
            if body is None:
                return
            yield kind, body

    def say(self, word: bytes) -> None:
        """Tells it ``word`` over its standard input; one that has ended is found out when it is listened to."""
        with suppress(OSError, ValueError):
            self._stdin.write(word)

    def hang_up(self) -> None:
        """Ends its standard input: it is to end, and still tells what it has."""
        with suppress(OSError):
            self._stdin.close()

    def _read(self, length: int, stall: float) -> memoryview | None:
        """The next ``length`` bytes; None where the child ended before."""
        buffer = memoryview(bytearray(length))
        poll = select.poll()
        poll.register(self._stdout, select.POLLIN)
        have, began = 0, time.monotonic()
        allowed = min(stall, max(self._patience, 0.001))
        while have < length:
            if not poll.poll(max(0.0, allowed - (time.monotonic() - began)) * 1000):
                raise Silent(allowed)
            got = os.readv(self._stdout.fileno(), [buffer[have:]])
            if got == 0:
                return None
            have += got
        self._patience -= time.monotonic() - began
        return buffer.toreadonly()

    def __enter__(self) -> Offspring:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.hang_up()
        self._stdout.close()
        self.process.wait()


def _environment() -> dict[str, str]:
    """Nothing of the parent's but where libraries lie; one BLAS thread, since each would take address space."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH") if name in os.environ}
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


def _widen(descriptor: int) -> None:
    """Lets a whole frame fit into the pipe, where the system can; a default pipe costs 16 switches a frame."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 - not on every system

        try:
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError:
            return
