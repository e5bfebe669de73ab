"""What is open with a key ends with the key, within seconds, whatever it is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api import guests
from api.app import create_app
from api.service import Service
from api.serving import listening, server
from tests.alerts import a_camera
from tests.service import a_service
from videoqa import line
from videoqa.access import Key, Role, Scope
from videoqa.answers import AnswerPart
from videoqa.errors import DatabaseBusy
from videoqa.media import ZERO, Recording, RecordingState
from videoqa.ports import Deed

ASKED = {"question": "who climbs over the fence?"}
Asked = tuple[str, str, dict[str, Any] | None]
"""A method, a path, and a body."""
PROGRESS: Asked = ("GET", "/v1/recordings/one/progress", None)
WAITED_FOR: Asked = ("POST", "/v1/ask", {**ASKED, "stream": False})
OPEN: list[Asked] = [
    ("GET", "/v1/alerts/stream?after_seq=0", None),
    PROGRESS,
    ("GET", "/v1/cameras/gate/mjpeg", None),
    ("POST", "/v1/ask", {**ASKED, "stream": True}),
    WAITED_FOR,
]


class Pondering:
    """An answer that does not come, until nobody waits for it."""

    def __init__(self) -> None:
        self.asked, self.left = threading.Event(), threading.Event()

    def ask_stream(self, *given: Any, **named: Any) -> Iterator[AnswerPart]:
        self.asked.set()
        try:
            while True:
                line.current().wait(60)
        finally:
            self.left.set()
        yield


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "LOOK_SECONDS", 0.05)


@pytest.fixture
def pondering() -> Pondering:
    return Pondering()


@pytest.fixture
def service(tmp_path: Path, pondering: Pondering) -> Service:
    service = a_service(tmp_path, grounded=lambda: pondering)
    service.archive.add(Recording("one", "one", "/kept/one", "one", ZERO, RecordingState.QUEUED))
    service.setting_up.cameras.add(a_camera("gate"))
    return service


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[str]:
    app = create_app(service)
    serving = server(app, 100)
    sockets = listening("127.0.0.1", 0)
    async with app.router.lifespan_context(app):
        task = asyncio.create_task(serving.serve(list(sockets)))
        try:
            yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        finally:
            app.state.stopping.set()
            serving.should_exit = True
            async with asyncio.timeout(30):
                await task


def play(service: Service, part: Callable[[str], Any]) -> None:
    async def played() -> None:
        async with asyncio.timeout(60), served(service) as url:
            await part(url)

    asyncio.run(played())


def a_key(service: Service, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.keys.create(name, Role.VIEWER, Scope())[1]}"}


async def _read(url: str, headers: dict[str, str], asked: Asked, begun: asyncio.Event) -> None:
    """Reads until it is over."""
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        with suppress(httpx2.RemoteProtocolError, httpx2.ReadError):
            async with client.stream(asked[0], asked[1], json=asked[2]) as answer:
                assert answer.status_code == 200
                begun.set()
                async for _ in answer.aiter_bytes():
                    pass


@pytest.mark.parametrize("asked", OPEN, ids=lambda asked: asked[1])
def test_what_is_open_with_a_key_that_is_revoked_ends_and_what_others_have_open_does_not(
    service: Service, pondering: Pondering, asked: Asked
) -> None:
    ours, theirs = a_key(service, "ours"), a_key(service, "theirs")

    async def part(url: str) -> None:
        opened = asyncio.Event(), asyncio.Event()
        reading = [
            asyncio.create_task(_read(url, headers, asked, begun))
            for headers, begun in zip((ours, theirs), opened, strict=True)
        ]
        if asked[1] == "/v1/ask":
            await asyncio.to_thread(pondering.asked.wait)
        if asked is not WAITED_FOR:
            for begun in opened:
                await begun.wait()
        service.keys.revoke("ours")
        await reading[0]
        await asyncio.sleep(0.3)
        assert not reading[1].done()
        reading[1].cancel()
        with suppress(asyncio.CancelledError):
            await reading[1]

    play(service, part)


def test_nobody_waits_for_an_answer_whose_key_was_revoked(service: Service, pondering: Pondering) -> None:
    ours = a_key(service, "ours")

    async def part(url: str) -> None:
        reading = asyncio.create_task(_read(url, ours, WAITED_FOR, asyncio.Event()))
        await asyncio.to_thread(pondering.asked.wait)
        service.keys.revoke("ours")
        await reading
        assert await asyncio.to_thread(pondering.left.wait, 30)

    play(service, part)


def test_what_was_open_without_a_key_ends_with_the_first_one(service: Service) -> None:
    async def part(url: str) -> None:
        begun = asyncio.Event()
        reading = asyncio.create_task(_read(url, {}, PROGRESS, begun))
        await begun.wait()
        a_key(service, "first")
        await reading

    play(service, part)


def test_whoever_makes_the_first_key_and_revokes_it_again_is_answered(service: Service) -> None:
    class Audit(type(service.audit)):  # type: ignore[misc]
        def write(self, deed: Deed) -> None:
            # As long as others look at the keys, several times over.
            time.sleep(10 * guests.LOOK_SECONDS)
            super().write(deed)

    service.audit.__class__ = Audit

    async def part(url: str) -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
            begun = asyncio.Event()
            reading = asyncio.create_task(_read(url, {}, PROGRESS, begun))
            await begun.wait()
            made = (await client.post("/v1/keys", json={"name": "first", "role": "admin"})).raise_for_status().json()
            await reading
            held = {"Authorization": f"Bearer {made['secret']}"}
            begun.clear()
            reading = asyncio.create_task(_read(url, held, PROGRESS, begun))
            await begun.wait()
            assert (await client.delete(f"/v1/keys/{made['key']['id']}", headers=held)).status_code == 204
            await reading

    play(service, part)


def test_keys_that_cannot_be_read_for_a_while_cut_nobody_off(service: Service) -> None:
    ours = a_key(service, "ours")
    looked: list[bool] = []
    broken = False

    class Keys(type(service.keys)):  # type: ignore[misc]
        def keys(self) -> tuple[Key, ...]:
            looked.append(broken)
            if broken:
                raise DatabaseBusy(path="x", seconds=1)
            return super().keys()  # type: ignore[no-any-return]

    service.keys.__class__ = Keys

    async def part(url: str) -> None:
        nonlocal broken
        begun = asyncio.Event()
        reading = asyncio.create_task(_read(url, ours, PROGRESS, begun))
        await begun.wait()
        broken = True
        while looked[-3:] != [True] * 3:
            await asyncio.sleep(0.02)
        assert not reading.done()
        broken = False
        service.keys.revoke("ours")
        await reading

    play(service, part)
