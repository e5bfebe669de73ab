"""A circuit breaker: a server that failed again and again is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed, it lets every call through. After ``failures`` in a row it opens for ``pause`` seconds.

    Then it lets one call through as a trial, whose success closes it and whose failure opens it for twice as long,
    ``longest`` at most.
    """

    def __init__(
        self,
        failures: int = 3,
        pause: float = 2.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._first_pause = pause
        self._longest = longest
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._pause = pause
        self._open_until: float | None = None
        self._on_trial = False
        self._problem = ""

    def admits(self) -> bool:
        """True where a call may be made; whoever makes it reports ``succeeded`` or ``failed``."""
        with self._lock:
            if self._open_until is None:
                return True
            if self._clock() < self._open_until:
                return False
            # Nobody else is let through until the trial is over, or has been silent for as long as a pause.
            self._open_until = self._clock() + self._pause
            self._on_trial = True
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failed = 0
            self._pause = self._first_pause
            self._open_until = None
            self._on_trial = False

    def failed(self, problem: str) -> None:
        with self._lock:
            self._failed += 1
            self._problem = problem
            if self._open_until is None:
                if self._failed >= self._most:
                    self._open_until = self._clock() + self._pause
            elif self._on_trial:
                # Calls that were under way when it opened fail too, and say nothing new: only a trial's failure counts.
                self._on_trial = False
                self._pause = min(2 * self._pause, self._longest)
                self._open_until = self._clock() + self._pause

    @property
    def is_open(self) -> bool:
        with self._lock:
            return self._open_until is not None

    @property
    def problem(self) -> str:
        """What the last failure was."""
        return self._problem
