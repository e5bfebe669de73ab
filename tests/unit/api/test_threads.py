"""What waits for a model on a thread is let go as soon as nobody wants more of it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio

from api.threads import stepwise
from tests.scripted_model import ScriptedModel, Stalled
from tests.service import a_service, app_of, client_of
from tests.talks import GARDEN, add_talk
from videoqa.access import Role, Scope
from videoqa.analyser.model.exchange import Ask, Priority
from videoqa.analyser.model.server import ModelServer


def test_a_model_that_writes_is_hung_up_on_when_its_reader_goes_away() -> None:
    async def read(model: ScriptedModel, server: ModelServer) -> float:
        parts = stepwise(server.stream(Ask("system", "what happens?", priority=Priority.INTERACTIVE)))
        await anext(parts)
        reading = asyncio.ensure_future(anext(parts))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        reading.cancel()
        await asyncio.wait((reading,))
        await parts.aclose()
        return time.monotonic() - began

    with ScriptedModel([Stalled(30)]) as model:
        server = ModelServer(model.url)
        assert asyncio.run(read(model, server)) < 2
        deadline = time.monotonic() + 5
        while not model.hung_up and time.monotonic() < deadline:
            time.sleep(0.01)
        assert model.hung_up == model.requests
        server.close()


def test_an_iterator_is_closed_after_its_step_has_ended_and_once() -> None:
    closed: list[str] = []

    def slowly() -> Iterator[int]:
        try:
            for number in range(100):
                yield number
                time.sleep(0.2)
        finally:
            closed.append("closed")

    async def read() -> None:
        parts = stepwise(slowly())
        assert await anext(parts) == 0
        reading = asyncio.ensure_future(anext(parts))
        await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.wait((reading,))
        await parts.aclose()

    asyncio.run(read())
    assert closed == ["closed"]


def test_all_parts_come_in_order() -> None:
    async def read() -> list[int]:
        return [part async for part in stepwise(iter(range(5)))]

    assert asyncio.run(read()) == [0, 1, 2, 3, 4]


def test_readers_are_answered_while_writers_wait_for_the_database(tmp_path: Path) -> None:
    service = a_service(tmp_path)
    recording = add_talk(service.archive, "garden.mp4", GARDEN)
    secret = service.keys.create("one", Role.OPERATOR, Scope())[1]
    changed = list[int]()

    async def asked(lock: sqlite3.Connection) -> None:
        app = app_of(service)
        path = f"/v1/recordings/{recording.id}"
        async with client_of(service, secret, app) as client, anyio.create_task_group() as tasks:

            async def change() -> None:
                changed.append((await client.patch(path, json={"title": "new"}, timeout=60)).status_code)

            for _ in range(80):
                tasks.start_soon(change)
            try:
                await anyio.sleep(1)
                with anyio.fail_after(10):
                    for each in (path, "/health/ready", "/v1/recordings"):
                        assert (await client.get(each)).status_code == 200
                assert changed == []
            finally:
                lock.rollback()

    with closing(sqlite3.connect(tmp_path / "videoqa.sqlite", isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        anyio.run(asked, lock)
    assert changed == [200] * 80
