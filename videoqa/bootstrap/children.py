"""Processes beside the service: kept running by their parent, and gone as soon as that is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from videoqa import logs
from videoqa.bootstrap import House, house, telemetry

_log = logging.getLogger(__name__)
_PROGRAM = (sys.executable, "-P", "-c", "from videoqa.cli import main; main()")
BEGIN_AGAIN = 75
"""What one ends with that is to be begun anew at once: something came that it could not take up as it was."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_LIVED_WELL = 60.0
_END_SECONDS = 3.0


class ChildProcess(ABC):
    """A hidden command in a process of its own, as its parent sees it: it is told by lines of JSON how it fares.

    ``restarts`` is how often another one was begun.
    """

    name: ClassVar[str]
    command: ClassVar[str]

    def __init__(self) -> None:
        self.restarts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @abstractmethod
    def hear(self, told: Mapping[str, Any]) -> None:
        """Takes notice of what it says of itself.

        Raises:
            ValueError, KeyError, TypeError: that is nothing it would say.
        """

    @abstractmethod
    def gone(self) -> None:
        """Takes notice of its end."""

    async def run(self) -> None:
        """Keeps one running until it is to stop; one that ends soon is begun again after longer and longer."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            begun, code = time.monotonic(), None
            try:
                code = await self._one()
                how = f"ended with {code}"
            except (OSError, ValueError) as error:
                how = f"cannot be begun or heard: {error}"
            self.gone()
            if self._stopping.is_set():
                return
            if code == BEGIN_AGAIN:
                continue
            pause = _FIRST_PAUSE if time.monotonic() - begun > _LIVED_WELL else min(2 * pause, _LONGEST_PAUSE)
            _log.warning("the %s %s; another one begins in %.1f s", self.name, how, pause)
            self.restarts += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def stop(self) -> None:
        """Ends it: what it is at is kept as far as it has come, and goes on with the next one."""
        self._stopping.set()
        self._end()
        if self._process is None:
            return
        try:
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _arguments(self) -> tuple[str, ...]:
        return (*_PROGRAM, self.command)

    async def _one(self) -> int:
        """What one of them ended with.

        Raises:
            OSError: none can be begun.
            ValueError: it wrote a line without an end, and was killed.
        """
        process = self._process = await asyncio.create_subprocess_exec(
            *self._arguments(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        if self._stopping.is_set():
            self._end()
        try:
            await self._listen(process)
        except (OSError, ValueError):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            assert process.stdout is not None
            # A process is over only once its pipe was read to the end.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.stdout.read(), _END_SECONDS)
            raise
        return await process.wait()

    def _end(self) -> None:
        """It ends as soon as its standard input does."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            try:
                self.hear(json.loads(line))
            except (ValueError, KeyError, TypeError):
                _log.info("the %s says: %s", self.name, line.decode(errors="replace").rstrip())


def begin(name: str, orphaned: Callable[[], None]) -> House:
    """Makes this process the child called ``name``; ``orphaned`` is called when standard input ends, as it does with
    the parent however that ends.
    """
    # The terminal's signals are for the parent to hear. One meant for this process ends it: it is made for that.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_await_end, args=(orphaned,), daemon=True).start()
    place = house()
    debugging = bool(os.environ.get("VIDEOQA_DEBUG"))
    logs.begin(place.settings.log_format, place.settings.secrets, name, debugging=debugging)
    telemetry.begin(name)
    return place


def end_at_once() -> None:
    """Ends this process like a kill: that is what everything that is kept is made for."""
    os._exit(0)


def _await_end(orphaned: Callable[[], None]) -> None:
    while os.read(0, 4096):
        pass
    orphaned()
