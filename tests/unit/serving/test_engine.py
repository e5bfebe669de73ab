"""The life of one model's server, at the pace of a test."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import httpx2
import pytest

from tests.pretend_vllm import DEAF, Pretend
from videoqa.errors import ModelNotStarted
from videoqa.serving.command import Served, command
from videoqa.serving.engine import Care, Engine, NotServing, State
from videoqa.serving.profiles import Layout
from videoqa.serving.schedule import Schedule

QUICK = Care(UTC, look=0.1, answer=0.3, misses=2, pause=0.05, longest_pause=0.2, well_after=60, tries=3, grace=0.5)
SERVED = Served(("tiny",), Layout("some/model", None))


@dataclass
class Watched:
    """An engine at work, what it told, and the task of its life."""

    engine: Engine
    life: asyncio.Task[None]
    told: list[str] = field(default_factory=list)

    async def until(self, condition: Callable[[], object], within: float = 20) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, self.told
            await asyncio.sleep(0.02)

    async def until_up(self) -> None:
        await self.until(lambda: self.engine.state is State.UP)


@asynccontextmanager
async def _watched(vllm: Pretend, care: Care) -> AsyncIterator[Watched]:
    told: list[str] = []
    async with httpx2.AsyncClient(trust_env=False) as client:
        engine = Engine(
            SERVED,
            lambda port: command(SERVED, str(vllm.python), port),
            care,
            client,
            tell=told.append,
            log=lambda _: None,
        )
        life = asyncio.create_task(engine.run())
        try:
            yield Watched(engine, life, told)
        finally:
            life.cancel()
            with suppress(asyncio.CancelledError, ModelNotStarted):
                await life


@pytest.fixture
def vllm(tmp_path: Path) -> Pretend:
    return Pretend(tmp_path / "vllm")


def _run(vllm: Pretend, care: Care, story: Callable[[Watched], Awaitable[None]]) -> None:
    async def told() -> None:
        async with _watched(vllm, care) as watched:
            await story(watched)

    asyncio.run(told())
    assert not vllm.living()


def test_a_server_that_answers_nothing_is_started_again(vllm: Pretend) -> None:
    async def story(watched: Watched) -> None:
        await watched.until_up()
        vllm.become(DEAF)
        await watched.until(lambda: len(vllm.starts) == 2)
        vllm.become(DEAF, on=False)
        await watched.until_up()
        assert any("missed 2 health checks" in line for line in watched.told)

    _run(vllm, QUICK, story)


def test_a_stopped_process_is_killed_and_started_again(vllm: Pretend) -> None:
    async def story(watched: Watched) -> None:
        await watched.until_up()
        os.kill(vllm.starts[0].pid, signal.SIGSTOP)
        await watched.until(lambda: len(vllm.starts) == 2)
        await watched.until_up()

    _run(vllm, QUICK, story)


def test_the_pause_before_a_new_start_grows_and_is_short_again_after_health(vllm: Pretend) -> None:
    vllm.script("live 0.5", "live 0.5", "live 0.5", "serve")

    def pauses(watched: Watched) -> list[float]:
        return [float(line.rsplit(" ", 2)[1]) for line in watched.told if "starting again" in line]

    async def unwell(watched: Watched) -> None:
        await watched.until(lambda: len(vllm.starts) == 4)
        assert pauses(watched) == [0.05, 0.1, 0.2]

    async def well(watched: Watched) -> None:
        await watched.until(lambda: len(vllm.starts) == 8)
        assert pauses(watched) == [0.05, 0.05, 0.05]

    _run(vllm, QUICK, unwell)
    vllm.script(*["serve"] * 4, "live 0.5", "live 0.5", "live 0.5", "serve")
    _run(vllm, replace(QUICK, well_after=0.1), well)


def test_a_death_at_the_start_is_tried_again_so_often_and_then_given_up(vllm: Pretend) -> None:
    vllm.script("die OSError: a cosmic ray")

    async def story(watched: Watched) -> None:
        with pytest.raises(ModelNotStarted, match="a cosmic ray"):
            await asyncio.wait_for(asyncio.shield(watched.life), 20)
        assert watched.engine.state is State.FAILED
        assert len(vllm.starts) == 3
        assert "OSError: a cosmic ray" in watched.engine.last_lines
        with pytest.raises(NotServing, match="a cosmic ray") as refused:
            async with watched.engine.lease(1):
                pytest.fail("it was let in")
        assert refused.value.retry_after is None

    _run(vllm, QUICK, story)


def test_a_start_that_fails_once_is_not_held_against_the_next(vllm: Pretend) -> None:
    vllm.script(
        "die OSError: once", "die OSError: twice", "live 0.5", "die OSError: once", "die OSError: twice", "serve"
    )

    async def story(watched: Watched) -> None:
        await watched.until(lambda: len(vllm.starts) == 6)
        await watched.until_up()

    _run(vllm, QUICK, story)


def test_one_that_does_not_come_up_is_ended_and_told(vllm: Pretend) -> None:
    vllm.script("never")

    async def story(watched: Watched) -> None:
        with pytest.raises(ModelNotStarted, match="did not come up in time"):
            await asyncio.wait_for(asyncio.shield(watched.life), 20)

    _run(vllm, replace(QUICK, start_within=0.5, tries=1), story)


class _Clock(tzinfo):
    """A zone in which it is the hour that the test says."""

    def __init__(self) -> None:
        self.hour = 0

    def utcoffset(self, when: datetime | None) -> timedelta:
        now = datetime.now(UTC)
        return timedelta(hours=(self.hour - now.hour + 12) % 24 - 12)

    def dst(self, when: datetime | None) -> timedelta:
        return timedelta()


def test_it_runs_in_its_hours_and_lets_what_is_under_way_finish(vllm: Pretend) -> None:
    clock = _Clock()
    care = replace(QUICK, zone=clock, schedule=Schedule.read("08:00-20:00"))

    async def story(watched: Watched) -> None:
        engine = watched.engine
        await watched.until(lambda: engine.state is State.CLOSED)
        with pytest.raises(NotServing) as refused:
            async with engine.lease(1):
                pytest.fail("it was let in")
        assert 7 * 3600 <= (refused.value.retry_after or 0) <= 8 * 3600
        clock.hour = 9
        await watched.until_up()
        async with engine.lease(1) as url:
            clock.hour = 21
            await asyncio.sleep(0.5)
            async with httpx2.AsyncClient(trust_env=False) as client:
                assert (await client.get(f"{url}/health")).status_code == 200
        await watched.until(lambda: engine.state is State.CLOSED)
        assert not vllm.living()

    _run(vllm, care, story)


def test_the_context_is_asked_of_the_server_where_it_was_not_told(vllm: Pretend) -> None:
    async def story(watched: Watched) -> None:
        assert watched.engine.context is None
        await watched.until_up()
        assert watched.engine.context == 4321

    _run(vllm, QUICK, story)
