"""The process beside the service that does the work: kept running by its parent, and gone as soon as that is."""

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
from dataclasses import asdict
from enum import StrEnum
from typing import NoReturn

from videoqa import logs, tracing
from videoqa.bootstrap import house, telemetry
from videoqa.health import ModelTally

_log = logging.getLogger(__name__)
_COMMAND = (sys.executable, "-P", "-c", "from videoqa.cli import main; main()", "work")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_LIVED_WELL = 60.0
_END_SECONDS = 3.0
_LOOK_SECONDS = 0.2


class WorkerState(StrEnum):
    """``waiting`` while another process does the work of the data directory, ``down`` while there is none."""

    STARTING = "starting"
    WORKING = "working"
    WAITING = "waiting"
    DOWN = "down"


class WorkerProcess:
    """The worker as its parent sees it: ``state`` tells how it is, ``restarts`` how often another one was begun,
    ``tally`` what the present one has asked of models.
    """

    def __init__(self) -> None:
        self.state = WorkerState.STARTING
        self.restarts = 0
        self.tally = ModelTally()
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keeps one running until it is to stop; one that ends soon is begun again after longer and longer."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                how = f"ended with {await self._one()}"
            except (OSError, ValueError) as error:
                how = f"cannot be begun or heard: {error}"
            self.state = WorkerState.DOWN
            if self._stopping.is_set():
                return
            pause = _FIRST_PAUSE if time.monotonic() - begun > _LIVED_WELL else min(2 * pause, _LONGEST_PAUSE)
            _log.warning("the worker %s; another one begins in %.1f s", how, pause)
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

    async def _one(self) -> int:
        """What one worker ended with.

        Raises:
            OSError: none can be begun.
            ValueError: it wrote a line without an end, and was killed.
        """
        process = self._process = await asyncio.create_subprocess_exec(
            *_COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
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
                told = json.loads(line)
                self.state, self.tally = WorkerState(told["state"]), ModelTally(**told["tally"])
            except (ValueError, KeyError, TypeError):
                _log.info("the worker says: %s", line.decode(errors="replace").rstrip())


def work() -> NoReturn:
    """Does the work of the data directory until standard input ends, as it does with the parent however that ends."""
    # The terminal's signals are for the parent to hear. One meant for this process ends it: it is made for that.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    place = house()
    logs.begin(
        place.settings.log_format,
        place.settings.secrets,
        "worker",
        debugging=bool(os.environ.get("VIDEOQA_DEBUG")),
    )
    telemetry.begin("worker")
    told = ""
    with place.worker.working(place.indexing, place.indexing_by_model) as take_over:
        while True:
            state = WorkerState.WORKING if take_over() else WorkerState.WAITING
            line = json.dumps({"state": state, "tally": asdict(tracing.TALLY.counted)})
            if line != told:
                print(line, flush=True)
                told = line
            time.sleep(_LOOK_SECONDS)


def _end_with_parent() -> NoReturn:
    while os.read(0, 4096):
        pass
    # At once, like a kill: that is what everything that is kept is made for, and a step may take minutes yet.
    os._exit(0)
