"""The line to whoever is asked something over a network: hung up, it ends what is waited for at its other end.

A line is had by the code inside ``with on(line)``, on that thread and wherever its context is carried, as cancel scopes
are of structured concurrency: nobody between who wants to stop and who holds the connection passes it on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_GLANCE = 0.2


class HungUp(BaseException):
    """Whoever asked wants no answer any more. Like every cancellation no error: who catches those lets it pass."""


class Line:
    """Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gone = threading.Event()
        self._ends: dict[object, Callable[[], None]] = {}

    @property
    def gone(self) -> bool:
        """True from when it was hung up on."""
        return self._gone.is_set()

    def hang_up(self) -> None:
        """Ends all that is under way over it, and all that is begun from now on."""
        with self._lock:
            self._gone.set()
            ends = tuple(self._ends.values())
        for end in ends:
            end()

    def check(self) -> None:
        """
        Raises:
            HungUp: it was hung up.
        """
        if self.gone:
            raise HungUp

    def wait(self, seconds: float) -> None:
        """Waits so long.

        Raises:
            HungUp: it was hung up meanwhile.
        """
        if self._gone.wait(seconds):
            raise HungUp

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Has ``end`` called, on another thread, where the line is hung up while the block lasts.

        Raises:
            HungUp: it was hung up, whatever else the block raised for it.
        """
        word = object()
        with self._lock:
            self._ends[word] = end
        try:
            self.check()
            yield
            # A connection that is shut looks to its reader like one that has ended.
            self.check()
        except Exception:
            self.check()
            raise
        finally:
            with self._lock:
                del self._ends[word]


_LINE: ContextVar[Line | None] = ContextVar("line", default=None)
_NEVER = Line()


def current() -> Line:
    """The line that is had here; one that nobody hangs up where there is none."""
    return _LINE.get() or _NEVER


@contextmanager
def on(line: Line) -> Iterator[None]:
    """Has what is asked inside go over ``line``."""
    token = _LINE.set(line)
    try:
        yield
    finally:
        _LINE.reset(token)


@contextmanager
def watched(stop: Callable[[], bool]) -> Iterator[None]:
    """Has what is asked inside go over a line that is hung up as soon as ``stop`` says so.

    Raises:
        HungUp: it did.
    """
    line, over = Line(), threading.Event()

    def watch() -> None:
        while not over.wait(_GLANCE):
            if stop():
                line.hang_up()
                return

    watching = threading.Thread(target=watch, name="line", daemon=True)
    watching.start()
    try:
        with on(line):
            yield
    finally:
        over.set()
        watching.join()
