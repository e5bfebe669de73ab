"""Progress: told as it changes, to many by one who looks, and ended with the work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from api import progress as module
from api.auth import LOCAL
from api.progress import Board, Standing
from api.service import Service
from api.sse import ServerEvent
from tests.service import a_service, client_of
from videoqa.access import Caller, Role, Scope
from videoqa.errors import DataUnwritable
from videoqa.media import ZERO, Progress, Recording, RecordingState
from videoqa.ports import IndexRequest, JobState
from videoqa.testing.jobs import MemoryJobQueue


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.02)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path, jobs=MemoryJobQueue())


def add(service: Service, name: str, state: RecordingState = RecordingState.QUEUED, *tags: str) -> None:
    service.archive.add(Recording(name, name, f"/kept/{name}", name, ZERO, state, tags=tags))


def at_once(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs an asynchronous test."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **named), 30))

    return run


def told(event: ServerEvent) -> tuple[str, dict[str, object]]:
    return event.event, json.loads(event.data)


@at_once
async def test_progress_is_told_as_it_changes_up_to_the_end(service: Service) -> None:
    add(service, "one")
    (job,) = service.jobs.submit([IndexRequest("/kept/one", recording_id="one")])
    board = Board(service)
    events = module._events(board, LOCAL, "one")
    assert told(await anext(events)) == ("progress", {"stage": "waiting", "done": 0.0, "state": "queued"})
    service.archive.set_state("one", RecordingState.INDEXING)
    service.archive.set_progress("one", Progress("survey", 0.5))
    while (latest := told(await anext(events)))[1]["stage"] == "waiting":
        pass
    assert latest == ("progress", {"stage": "survey", "done": 0.5, "state": "indexing"})
    service.archive.set_state("one", RecordingState.INDEXED)
    # The job that indexes it queues the one in which a model looks, and ends only then.
    while (latest := told(await anext(events)))[1]["state"] == "indexing":
        pass
    assert latest[0] == "progress"
    assert isinstance(service.jobs, MemoryJobQueue)
    service.jobs.become(job, JobState.INDEXED)
    assert told(await anext(events)) == ("end", {"state": "indexed"})
    assert [event async for event in events] == []
    await board.close()


@at_once
async def test_who_follows_what_has_ended_gets_the_end_at_once(service: Service) -> None:
    add(service, "one", RecordingState.FAILED)
    board = Board(service)
    assert [told(event) async for event in module._events(board, LOCAL, "one")] == [("end", {"state": "failed"})]
    await board.close()


@at_once
async def test_who_follows_what_is_removed_is_told(service: Service) -> None:
    add(service, "one")
    board = Board(service)
    events = module._events(board, LOCAL, "one")
    await anext(events)
    service.archive.remove("one")
    assert told(await anext(events)) == ("end", {"state": "removed"})
    await board.close()


@at_once
async def test_who_does_not_reach_it_any_more_is_told_no_more_of_it(service: Service) -> None:
    add(service, "one", RecordingState.QUEUED, "gate")
    board = Board(service)
    events = module._events(board, Caller("k", "k", Role.VIEWER, Scope(frozenset({"gate"}))), "one")
    await anext(events)
    service.archive.tag("one", ["yard"])
    assert told(await anext(events)) == ("end", {"state": "removed"})
    await board.close()


@at_once
async def test_a_thousand_followers_cost_one_look_and_no_thread(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[tuple[str, ...]] = []
    look = module._standings
    monkeypatch.setattr(module, "_standings", lambda *which: looks.append(which[1]) or look(*which))
    add(service, "one")
    board = Board(service)

    async def ends(following: AsyncGenerator[Standing, None]) -> int:
        return len([standing async for standing in following])

    following = [asyncio.create_task(ends(board.follow("one"))) for _ in range(1000)]
    await asyncio.sleep(0.2)
    service.archive.set_state("one", RecordingState.INDEXED)
    assert await asyncio.gather(*following) == [2] * 1000
    assert set(looks) == {("one",)}
    assert len(looks) < 50
    await asyncio.sleep(0.1)
    count = len(looks)
    await asyncio.sleep(0.1)
    assert len(looks) == count  # nobody follows, and nobody looks
    await board.close()


@at_once
async def test_a_database_that_cannot_be_read_for_a_moment_cuts_nobody_off(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(service, "one")
    board = Board(service)
    events = board.follow("one")
    await anext(events)
    look = module._standings

    def broken(*_: object) -> None:
        monkeypatch.setattr(module, "_standings", look)
        raise DataUnwritable(path="/data", problem="it is locked")

    monkeypatch.setattr(module, "_standings", broken)
    service.archive.set_state("one", RecordingState.FAILED)
    assert (await anext(events)).over
    await board.close()


@at_once
async def test_progress_over_http_is_a_stream_of_events(service: Service) -> None:
    add(service, "one", RecordingState.INDEXED)
    async with client_of(service) as client:
        answer = await client.get("/v1/recordings/one/progress")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert 'event: end\ndata: {"state":"indexed"}' in answer.text
        assert (await client.get("/v1/recordings/nobody/progress")).status_code == 404
