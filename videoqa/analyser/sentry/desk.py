"""Those who look with a model, or read, for all cameras: nobody waits for them, and no camera has them to itself."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from videoqa.line import HungUp, Line, on

_log = logging.getLogger(__name__)
Work = Callable[[], None]


class Bench:
    """Where the work of one camera waits for its turn. There is one piece at most: what comes later goes with it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.work: Work | None = None
        self.busy = False
        self.line = Line()

    def ask(self, work: Work) -> None:
        """Has ``work`` done soon, by another thread; nothing where some waits already."""
        self._desk.ask(self, work)

    @property
    def idle(self) -> bool:
        """True where nothing waits and nothing is under way."""
        return self._desk.is_idle(self)

    def close(self) -> None:
        """Nothing more of it is done; what is under way is hung up on."""
        self._desk.forget(self)
        self.line.hang_up()


class Desk:
    """Does the work of all benches, on ``threads`` of its own; the bench that was served longest ago comes next."""

    def __init__(self, threads: int) -> None:
        self._turns: deque[Bench] = deque()
        self._condition = threading.Condition()
        self._wanted = threads
        self._begun = 0

    def bench(self) -> Bench:
        return Bench(self)

    def ask(self, bench: Bench, work: Work) -> None:
        with self._condition:
            if bench.work is not None or bench.line.gone:
                return
            bench.work = work
            if not bench.busy:
                self._turns.append(bench)
            if self._begun < self._wanted:
                self._begun += 1
                threading.Thread(target=self._serve, name="looks", daemon=True).start()
            self._condition.notify()

    def is_idle(self, bench: Bench) -> bool:
        with self._condition:
            return bench.work is None and not bench.busy

    def forget(self, bench: Bench) -> None:
        with self._condition:
            bench.work = None
            if bench in self._turns:
                self._turns.remove(bench)

    def _serve(self) -> None:
        while True:
            bench, work = self._next()
            try:
                with on(bench.line):
                    work()
            except HungUp:
                _log.debug("a camera is not watched any more: what was being looked at was given up")
            except Exception:  # noqa: BLE001  the other cameras still have to be looked at
                _log.exception("a look at what a camera shows failed")
            finally:
                self._done(bench)

    def _next(self) -> tuple[Bench, Work]:
        with self._condition:
            while True:
                self._condition.wait_for(lambda: bool(self._turns))
                bench = self._turns.popleft()
                work, bench.work = bench.work, None
                if work is not None:
                    bench.busy = True
                    return bench, work

    def _done(self, bench: Bench) -> None:
        with self._condition:
            bench.busy = False
            if bench.work is not None:
                self._turns.append(bench)
                self._condition.notify()
