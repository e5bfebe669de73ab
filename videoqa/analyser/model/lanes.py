"""How many requests are under way at once: enough to fill the engine, no more than it takes in without a queue.

Additive increase, multiplicative decrease. What counts is how long requests queue, never how many GPUs there are, so
that one rule serves one of them as well as eight behind one address.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from videoqa.analyser.model.exchange import Priority

LEAST, MOST = 1, 256
_FIRST = 4
_BACK_OFF = 0.7
_SLOW = 4.0
_TOO_SHORT_TO_JUDGE = 0.25
_FORGETS = 1.01


class Width:
    """The number of lanes. Not safe to share between threads; ``Lanes`` sees to that."""

    def __init__(self, first: int = _FIRST, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._width = float(min(first, most))
        self._probing = True
        self._narrowed_at = -float("inf")
        self._quickest: float | None = None
        self._usual = 0.0

    @property
    def lanes(self) -> int:
        return int(self._width)

    def completed(self, seconds: float, work: float, queues: bool | None, full: bool) -> None:
        """A request of ``work`` units took ``seconds``.

        Args:
            queues: whether the server says that requests wait in it; None where it does not say.
            full: whether all lanes were taken; if not, this says nothing of what more of them would do.
        """
        self._usual = seconds if not self._usual else 0.8 * self._usual + 0.2 * seconds
        pace = seconds / work
        if self._quickest is not None:
            # The quickest there ever was may have been luck; it is forgotten by and by.
            self._quickest *= _FORGETS
        self._quickest = pace if self._quickest is None else min(self._quickest, pace)
        slow = seconds > _TOO_SHORT_TO_JUDGE and pace > _SLOW * self._quickest
        if queues or (slow and queues is None):
            self.congested()
        elif full and not slow:
            self._width = min(self._most, self._width + (1.0 if self._probing else 1.0 / self._width))

    def congested(self) -> None:
        """Requests queue, or were sent away. Takes effect once for all those that were under way together."""
        self._probing = False
        now = self._clock()
        if now - self._narrowed_at >= self._usual:
            self._width = max(LEAST, self._width * _BACK_OFF)
            self._narrowed_at = now


class Lanes:
    """Lets as many batch requests through at once as there are lanes; what somebody waits for goes at once."""

    def __init__(self, width: Width) -> None:
        self._width = width
        self._condition = threading.Condition()
        self._taken = 0

    @property
    def width(self) -> int:
        with self._condition:
            return self._width.lanes

    @contextmanager
    def lane(self, priority: Priority) -> Iterator[None]:
        """A lane for as long as the block lasts; a batch request waits until one is free."""
        with self._condition:
            if priority is Priority.BATCH:
                self._condition.wait_for(lambda: self._taken < self._width.lanes)
            self._taken += 1
        try:
            yield
        finally:
            with self._condition:
                self._taken -= 1
                self._condition.notify_all()

    def completed(self, seconds: float, work: float, queues: bool | None) -> None:
        """A request in a lane was answered; called before the lane is left. See ``Width.completed``."""
        with self._condition:
            self._width.completed(seconds, work, queues, self._taken >= self._width.lanes)
            self._condition.notify_all()

    def congested(self) -> None:
        """The server sent a request away because it has too many."""
        with self._condition:
            self._width.congested()
