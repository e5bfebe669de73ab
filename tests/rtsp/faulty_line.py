"""A line to a camera that a test cuts, stalls, slows down and garbles while things go over it."""

from __future__ import annotations

import random
import socket
import threading
import time
from contextlib import suppress

from tests.listening import Listening


class FaultyLine(Listening):
    """Listens at ``port`` and carries bytes to and from ``far``. Faults are of what comes from there.

    ``delay`` is the seconds that every byte takes longer; ``garbled`` the share of blocks in which a byte is another
    one. ``passed`` counts the connections. Who comes while it is stopped is refused until it is started again.
    """

    def __init__(self, far: int, *, seed: int = 0, port: int = 0) -> None:
        super().__init__(port)
        self.delay = 0.0
        self.garbled = 0.0
        self.passed = 0
        self._far = far
        self._chance = random.Random(seed)
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self._lines = set[socket.socket]()

    def url(self, path: str, user: str = "") -> str:
        return f"rtsp://{user + '@' if user else ''}127.0.0.1:{self.port}/{path}"

    def start(self) -> None:
        """Lets connections in, and lets go on what was stalled."""
        self._flows.set()
        super().start()

    def stop(self) -> None:
        """Cuts every connection, and lets nobody in."""
        super().stop()
        self.cut()

    def cut(self) -> None:
        """Cuts every connection; new ones are let in."""
        self._flows.set()
        with self._lock:
            lines = tuple(self._lines)
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def stall(self) -> None:
        """Nothing comes any more, and nobody is told."""
        self._flows.clear()

    def welcome(self, line: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._far))
            for each in (line, far):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            line.close()
            return
        self.passed += 1
        with self._lock:
            self._lines |= {line, far}
        ends = threading.Barrier(2)
        for source, target, faulty in ((line, far, False), (far, line, True)):
            threading.Thread(target=self._carry, args=(source, target, faulty, ends), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, faulty: bool, ends: threading.Barrier) -> None:
        with suppress(OSError):
            while data := source.recv(2**14):
                target.sendall(self._late(data) if faulty else data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        # Neither is closed while the other thread uses it: its number could be another line's by then.
        with suppress(threading.BrokenBarrierError):
            ends.wait(30)
        source.close()
        with self._lock:
            self._lines.discard(source)

    def _late(self, data: bytes) -> bytes:
        self._flows.wait()
        if self.delay:
            time.sleep(self.delay)
        if self.garbled and self._chance.random() < self.garbled:
            changed = bytearray(data)
            changed[self._chance.randrange(len(changed))] ^= 0xFF
            return bytes(changed)
        return data
