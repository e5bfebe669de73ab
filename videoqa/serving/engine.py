"""The life of one model's server: started when it is wanted, watched while it runs, started again when it is ill."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

import httpx2

from videoqa.errors import ModelNotStarted
from videoqa.serving.child import Child
from videoqa.serving.command import Command, Served
from videoqa.serving.diagnosis import Diagnosis, diagnose
from videoqa.serving.health import Pulse
from videoqa.serving.schedule import Schedule


class State(StrEnum):
    """Where a model stands."""

    ASLEEP = "asleep"
    CLOSED = "outside its schedule"
    STARTING = "starting"
    UP = "up"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Care:
    """How a model is looked after; times in seconds.

    Without ``idle_stop`` and ``schedule`` it runs all the time. It is ill where it misses ``misses`` health checks in
    a row, ``look`` apart, or does not answer a question of one word within ``hang``. It is started again after
    ``pause``, twice as long each time up to ``longest_pause``, until it has been well for ``well_after``; given up
    after ``tries`` starts in a row at which it died.
    """

    zone: tzinfo
    idle_stop: float | None = None
    schedule: Schedule | None = None
    look: float = 5.0
    answer: float = 10.0
    misses: int = 3
    hang: float = 180.0
    start_within: float = 3600.0
    grace: float = 30.0
    pause: float = 1.0
    longest_pause: float = 60.0
    well_after: float = 60.0
    tries: int = 3

    @property
    def beat(self) -> float:
        """Seconds between two looks: often enough for the shortest time that is to be kept."""
        return min(self.look, self.hang / 4, self.look if self.idle_stop is None else self.idle_stop / 4)


class NotServing(Exception):
    """Why a request cannot be passed on now, and in how many seconds it may be asked again (None: it may not)."""

    def __init__(self, message: str, code: str, retry_after: int | None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class _End:
    """How one run ended. ``diagnosis`` is None where it was meant to; ``well`` seconds it had been up."""

    diagnosis: Diagnosis | None
    well: float | None = None


class Engine:
    """One model. ``run`` looks after it until it is cancelled; ``lease`` is how requests come to its address."""

    def __init__(
        self,
        served: Served,
        command: Callable[[int], Command],
        care: Care,
        client: httpx2.AsyncClient,
        *,
        tell: Callable[[str], None],
        log: Callable[[str], None],
    ) -> None:
        self.served = served
        self.context = served.context
        self.state = State.ASLEEP
        self.last_lines: tuple[str, ...] = ()
        self._command, self._care, self._client, self._tell, self._log = command, care, client, tell, log
        self._pulse = Pulse(client, served, care.answer, care.hang)
        self._wanted, self._changed = asyncio.Event(), asyncio.Condition()
        self._leases, self._used = 0, time.monotonic()
        self._failure: Diagnosis | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Its address while it is up; empty otherwise."""
        return self._url if self.state is State.UP else ""

    @asynccontextmanager
    async def lease(self, within: float) -> AsyncIterator[str]:
        """The address of the running server, started if need be; it is not stopped for idleness while inside.

        Raises:
            NotServing: it may not run now, cannot, or is not up within so many seconds.
        """
        if self.state is not State.UP:
            self._wanted.set()
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(self._settled)
        except TimeoutError as error:
            message = f"{self.served.name} is starting; ask again"
            raise NotServing(message, "model_starting", 10) from error
        if self.state is State.CLOSED:
            raise self._outside_hours()
        if self._failure is not None:
            message = f"{self.served.name} did not start ({self._failure.problem}); {self._failure.remedy}"
            raise NotServing(message, "model_not_started", None)
        self._leases += 1
        try:
            yield self._url
        finally:
            self._leases -= 1
            self._used = time.monotonic()

    async def run(self) -> None:
        """Looks after the model for ever.

        Raises:
            ModelNotStarted: it died at its start so often, or for such a reason, that it is given up.
        """
        deaths, pause = 0, self._care.pause
        while True:
            await self._until_wanted()
            end = await self._life()
            if end.diagnosis is None:
                deaths, pause = 0, self._care.pause
                continue
            deaths = deaths + 1 if end.well is None else 0
            if deaths and (end.diagnosis.hopeless or deaths >= self._care.tries):
                await self._give_up(end.diagnosis)
            if end.well is not None and end.well >= self._care.well_after:
                pause = self._care.pause
            self._tell(f"{end.diagnosis.problem}; starting again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._care.longest_pause)
            self._wanted.set()

    async def _give_up(self, why: Diagnosis) -> None:
        self._failure = why
        await self._become(State.FAILED)
        raise ModelNotStarted(problem=f"{self.served.layout.model}: {why.problem}", remedy=why.remedy)

    async def _until_wanted(self) -> None:
        while True:
            if self._is_closed():
                await self._become(State.CLOSED)
                self._wanted.clear()
                await asyncio.sleep(self._care.beat)
            elif self._care.idle_stop is None or self._wanted.is_set():
                self._wanted.clear()
                return
            else:
                await self._become(State.ASLEEP)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wanted.wait(), self._care.beat)

    async def _life(self) -> _End:
        """One run of the server, from its start to its end."""
        port = _free_port()
        command = self._command(port)
        await self._become(State.STARTING)
        self._tell(f"starting: {command}")
        child = await Child.start(command, self._log, self._care.grace)
        ended = asyncio.create_task(child.ended())
        hung = False
        began = time.monotonic()
        try:
            if not await self._comes_up(f"http://127.0.0.1:{port}", ended):
                hung = child.code is None
                return _End(diagnose(child.tail, child.code))
            self._tell(f"up after {time.monotonic() - began:.0f} s")
            began = self._used = time.monotonic()
            await self._become(State.UP)
            problem = await self._until_ill(ended)
            if problem is None:
                return _End(None)
            hung = child.code is None
            return _End(Diagnosis(problem, "", hopeless=False), time.monotonic() - began)
        finally:
            self.last_lines = tuple(child.tail)
            await self._become(State.STOPPING)
            await child.stop(now=hung)
            await ended

    async def _comes_up(self, url: str, ended: asyncio.Task[int]) -> bool:
        deadline = time.monotonic() + self._care.start_within
        look = min(0.5, self._care.beat)
        while time.monotonic() < deadline:
            if (await asyncio.wait([ended], timeout=look))[0]:
                return False
            if await self._pulse.is_well(url):
                self._url = url
                self.context = self.context or await self._pulse.context(url)
                return True
        return False

    async def _until_ill(self, ended: asyncio.Task[int]) -> str | None:
        """Watches until the server is to be stopped: says why it is ill, or None where it is just not needed."""
        misses = 0
        self._pulse.begin()
        while not (await asyncio.wait([ended], timeout=self._care.beat))[0]:
            if self._is_idle() or (self._is_closed() and not self._leases):
                self._tell("stopping: " + ("its hours are over" if self._is_closed() else "nobody asked for a while"))
                # Before anything else gets a turn: who asks from here on waits for the next start.
                self.state = State.STOPPING
                self._wanted.clear()
                return None
            misses = 0 if await self._pulse.is_well(self._url) else misses + 1
            if misses >= self._care.misses and not ended.done():
                return f"it missed {misses} health checks"
            if await self._pulse.is_stuck(self._url, busy=self._leases > 0):
                return f"it did not answer within {self._care.hang:.0f} s"
        return f"it ended with code {ended.result()} in mid-work"

    async def _become(self, state: State) -> None:
        async with self._changed:
            self.state = state
            self._changed.notify_all()

    def _settled(self) -> bool:
        return self.state in (State.UP, State.CLOSED, State.FAILED)

    def _is_idle(self) -> bool:
        still = time.monotonic() - self._used
        return self._care.idle_stop is not None and not self._leases and still >= self._care.idle_stop

    def _is_closed(self) -> bool:
        return self._care.schedule is not None and not self._care.schedule.open_at(datetime.now(self._care.zone))

    def _outside_hours(self) -> NotServing:
        assert self._care.schedule is not None
        wait = self._care.schedule.opens_in(datetime.now(self._care.zone))
        message = f"{self.served.name} does not run at this hour; it is back in {wait.total_seconds() / 60:.0f} minutes"
        return NotServing(message, "outside_schedule", max(1, round(wait.total_seconds())))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
