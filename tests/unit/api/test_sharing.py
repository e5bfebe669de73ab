"""Work that is shared by those who wait for it, and given up when all have left."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from starlette.types import Message

from api.sharing import Shared
from ingest.clips import SandboxedClips
from ingest.sandbox import SandboxedReader
from tests.footage import clip
from tests.service import a_service, app_of
from videoqa.line import HungUp, Line, current, on
from videoqa.media import Recording, RecordingState, Span
from videoqa.ports import Cut

pytestmark = pytest.mark.anyio
PATIENCE = 30


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Work:
    """Goes on until it is hung up on, or told to end; counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.hung_up = 0
        self.end = threading.Event()

    def __call__(self) -> int:
        self.begun += 1
        line = current()
        while not self.end.wait(0.01):
            if line.gone:
                self.hung_up += 1
                raise HungUp
        return self.begun


async def until(condition: object) -> None:
    assert callable(condition)
    with anyio.fail_after(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def test_those_who_want_the_same_wait_for_the_same() -> None:
    shared, work = Shared[int](), Work()
    asked = [asyncio.create_task(shared.result("this", work)) for _ in range(3)]
    await until(lambda: work.begun)
    work.end.set()
    assert [await each for each in asked] == [1, 1, 1]
    assert await shared.result("this", work) == 2, "what has ended is done anew"


async def test_it_goes_on_until_the_last_has_left() -> None:
    shared, work = Shared[int](), Work()
    first, second = (asyncio.create_task(shared.result("this", work)) for _ in range(2))
    await until(lambda: work.begun)
    first.cancel()
    await asyncio.wait((first,))
    assert not work.hung_up
    second.cancel()
    await until(lambda: work.hung_up)
    again = asyncio.create_task(shared.result("this", work))
    await until(lambda: work.begun == 2)
    work.end.set()
    assert await again == 2


async def test_a_client_that_leaves_takes_its_clip_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service, work = a_service(tmp_path), Work()
    source = tmp_path / "film.mp4"
    source.write_bytes(b"x")
    film = Recording("film", "film", str(source), "d" * 64, timedelta(seconds=12), RecordingState.INDEXED, kept=True)
    service.archive.add(film)

    def cut(*args: object, **kwargs: object) -> Cut:
        work()
        raise AssertionError("nobody told it to end")

    monkeypatch.setattr(service.clips, "clip", cut)
    gone, sent = asyncio.Event(), list[Message]()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/v1/recordings/film/clip",
        "raw_path": b"/v1/recordings/film/clip",
        "query_string": b"from=1&to=5",
        "headers": [(b"host", b"127.0.0.1:8080")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "scheme": "http",
        "root_path": "",
    }

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asking = asyncio.create_task(app_of(service)(scope, receive, send))
    await until(lambda: work.begun)
    gone.set()
    await until(lambda: work.hung_up)
    with anyio.fail_after(PATIENCE):
        await asking
    assert not sent


async def test_a_clip_that_is_hung_up_on_ends_its_child_and_leaves_nothing(tmp_path: Path) -> None:
    source = clip("b-frames.mp4")
    film = Recording("film", "film", str(source), "d" * 64, timedelta(seconds=12), RecordingState.INDEXED, kept=True)
    clips, line = SandboxedClips(SandboxedReader(), tmp_path, most_bytes=2**26), Line()

    def cut() -> None:
        with on(line):
            clips.clip(film, Span(timedelta(0), timedelta(seconds=12)), anew=True)

    cutting = asyncio.create_task(asyncio.to_thread(cut))
    await until(lambda: list(tmp_path.glob("clips/.*")))
    line.hang_up()
    with pytest.raises(HungUp):
        await cutting
    assert not list(tmp_path.glob("clips/*"))
