"""The worker as its parent keeps it running."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import pytest

from videoqa.bootstrap import children
from videoqa.bootstrap.worker import WorkerProcess, WorkerState

WORKS = 'import sys; print(\'{"state": "working", "tally": {}}\', flush=True); '
SHOUTS = WORKS + "print('x' * 300_000, flush=True); sys.stdin.read()"


@pytest.mark.parametrize(
    "command", [(sys.executable, "-c", SHOUTS), ("/no/such/program",)], ids=["endless line", "no program"]
)
def test_a_worker_that_cannot_be_heard_or_begun_is_begun_again(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkerProcess, "_arguments", lambda _: command)
    monkeypatch.setattr(children, "_FIRST_PAUSE", 0.01)

    async def kept() -> None:
        process = WorkerProcess()
        running = asyncio.create_task(process.run())
        await _until(lambda: process.restarts > 0 and process.state is WorkerState.DOWN)
        works = (sys.executable, "-c", WORKS + "sys.stdin.read()")
        monkeypatch.setattr(WorkerProcess, "_arguments", lambda _: works)
        await _until(lambda: process.state is WorkerState.WORKING)
        await process.stop()
        await running

    asyncio.run(kept())


async def _until(held: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not held():
            await asyncio.sleep(0.005)
