"""How many requests are under way at once: enough to fill the engine, no more than it takes in without a queue.

Additive increase, multiplicative decrease. What counts is how long requests queue, never how many GPUs there are, so
that one rule serves one of them as well as eight behind one address.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from videoqa.analyser.model.exchange import Priority
from videoqa.analyser.model.gauges import HOLDS
from videoqa.line import current

LEAST, MOST = 1, 256
_FIRST = 4
_BACK_OFF = 0.7
_SLOW = 3.0
_JUDGED = 8


class Width:
    """The number of lanes. Not safe to share between threads; ``Lanes`` sees to that."""

    def __init__(self, first: int = _FIRST, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._width = float(min(first, most))
        self._doubling = True
        self._narrowed_at = -float("inf")
        self._usual_seconds = 0.0
        self._first_paces: list[float] = []
        self._paces: deque[float] = deque(maxlen=_JUDGED)

    @property
    def lanes(self) -> int:
        return int(self._width)

    def completed(self, seconds: float, work: float, crowded: bool | None, full: bool) -> None:
        """A request of ``work`` units took ``seconds``.

        Args:
            crowded: whether the server says that requests queue in it; None where it does not say. Then they are taken
                to queue where requests take three times as long, on the average, as those did at the beginning.
            full: whether all lanes were taken; if not, this says nothing of what more of them would do.
        """
        self._usual_seconds = seconds if not self._usual_seconds else 0.8 * self._usual_seconds + 0.2 * seconds
        slow = self._is_slow(seconds / work)
        if crowded or (slow and crowded is None):
            self.congested()
        elif full:
            self._width = min(self._most, self._width + (1.0 if self._doubling else 1.0 / self._width))

    def congested(self) -> None:
        """Requests queue, or were sent away. Takes effect once for all those that were under way together."""
        self._doubling = False
        if not self._is_settling():
            self._width = max(LEAST, self._width * _BACK_OFF)
            self._narrowed_at = self._clock()
            self._paces.clear()

    def _is_slow(self, pace: float) -> bool:
        if len(self._first_paces) < _JUDGED:
            self._first_paces.append(pace)
        elif not self._is_settling():
            self._paces.append(pace)
        return len(self._paces) == _JUDGED and sum(self._paces) > _SLOW * sum(self._first_paces)

    def _is_settling(self) -> bool:
        """True while what was sent before the lanes were narrowed is still coming back, or told of by old gauges."""
        return self._clock() - self._narrowed_at < max(self._usual_seconds, HOLDS)


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

    @property
    def taken(self) -> int:
        """How many requests are under way."""
        with self._condition:
            return self._taken

    @contextmanager
    def lane(self, priority: Priority) -> Iterator[None]:
        """A lane for as long as the block lasts; a batch request waits until one is free.

        Raises:
            HungUp: nobody wants it any more.
        """
        if priority is Priority.BATCH:
            self._stand_in_line()
        else:
            with self._condition:
                self._taken += 1
        try:
            yield
        finally:
            with self._condition:
                self._taken -= 1
                self._condition.notify_all()

    def _stand_in_line(self) -> None:
        line = current()
        with line.ending(self._look_up), self._condition:
            self._condition.wait_for(lambda: line.gone or self._taken < self._width.lanes)
            line.check()
            self._taken += 1

    def _look_up(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def completed(self, seconds: float, work: float, crowded: bool | None) -> None:
        """A request in a lane was answered; called before the lane is left. See ``Width.completed``."""
        with self._condition:
            self._width.completed(seconds, work, crowded, full=self._taken >= self._width.lanes)
            self._condition.notify_all()

    def congested(self) -> None:
        """The server sent a request away because it has too many."""
        with self._condition:
            self._width.congested()
