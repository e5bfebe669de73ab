"""Children of cameras that are begun before there is anything to read."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress

from ingest.camera.wire import WAITS_SECONDS
from ingest.offspring import Offspring

CHILD = "ingest.camera.child"
# It may not end just as it is told.
_TAKEN_SECONDS = 0.9 * WAITS_SECONDS


class Ahead:
    """To begin a child takes about as long as all else between a camera's return and its first picture: so one is begun
    as soon as a camera has gone, for when it comes back. It was sent nothing yet, and is whoever's comes first.

    Args:
        most: that wait at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting = deque[tuple[float, Offspring]]()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """One more, where there is room for it. A machine that cannot begin one now does so when the camera is back."""
        with self._lock:
            self._let_go(_TAKEN_SECONDS)
            if len(self._waiting) < self._most:
                with suppress(OSError):
                    self._waiting.append((time.monotonic(), Offspring(CHILD, None, None)))

    def taken(self) -> Offspring | None:
        """The one that has waited longest: it has come furthest. None where none waits."""
        with self._lock:
            self._let_go(_TAKEN_SECONDS)
            return self._waiting.popleft()[1] if self._waiting else None

    def close(self) -> None:
        with self._lock:
            self._let_go(0.0)

    def _let_go(self, after: float) -> None:
        """Ends those that were begun so long ago, or have died."""
        kept = deque[tuple[float, Offspring]]()
        for begun, child in self._waiting:
            if time.monotonic() - begun < after and child.process.poll() is None:
                kept.append((begun, child))
            else:
                child.__exit__()
        self._waiting = kept
