"""A line to a service that breaks at random points, in either direction, so many times."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import suppress

from tests.listening import Listening


class FlakyLine(Listening):
    """Listens at ``url`` and passes bytes on to ``far``; each connection breaks after up to ``most`` bytes.

    Where it has broken ``breaks`` times, it holds. The points come of ``seed``.
    """

    def __init__(self, far: int, *, seed: int, breaks: int, most: int) -> None:
        super().__init__()
        self._far = far
        self._chance = random.Random(seed)
        self._left = breaks
        self._most = most
        self._lock = threading.Lock()
        self.broken = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def welcome(self, line: socket.socket) -> None:
        far = socket.create_connection(("127.0.0.1", self._far))
        with self._lock:
            budget = [self._chance.randrange(self._most) if self._left else -1, 0]
            self._left = max(0, self._left - 1)
        for source, target in ((line, far), (far, line)):
            threading.Thread(target=self._pass_on, args=(source, target, budget), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, budget: list[int]) -> None:
        """``budget`` is what may pass still, -1 for anything, and whether it broke; both directions share it."""
        with suppress(OSError):
            while data := source.recv(2**14):
                if budget[0] < 0:
                    target.sendall(data)
                    continue
                with self._lock:
                    passed = data[: budget[0]]
                    budget[0] -= len(passed)
                    # Both directions may be the one that finds nothing left.
                    broken, budget[1] = budget[1], int(not budget[0])
                    self.broken += budget[1] - broken
                target.sendall(passed)
                if not budget[0]:
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
