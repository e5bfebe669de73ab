"""POST /v1/recordings with an address."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import FastAPI

from api.service import Service
from api.threads import in_thread
from ingest.addresses import Policy
from ingest.fetch import WebFetcher
from ingest.inbox import DiskInbox
from tests.service import a_service, app_of, client_of
from tests.web import Connection, serving
from videoqa.access import Role, Scope

pytestmark = pytest.mark.anyio
CONTENT = Random(5).randbytes(900_000)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path, fetcher=WebFetcher(Policy(private=True)))


class Halting:
    """A server that sends half a file, and the rest when it is let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.asked = 0

    def __call__(self, connection: Connection) -> None:
        self.asked += 1
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode())
        connection.send(CONTENT[:600_000])
        self.go_on.wait(20)
        connection.send(CONTENT[600_000:])


@contextmanager
def web(handle: Callable[[Connection], None] = lambda each: each.answer("200 OK", CONTENT)) -> Iterator[str]:
    with serving(handle) as port:
        yield f"http://127.0.0.1:{port}"


def arrivals(service: Service) -> set[str]:
    """What is on its way, by its ids."""
    return {path.name.partition(".")[0] for path in (service.folder / "inbox").iterdir()}


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[FastAPI]:
    app = app_of(service)
    async with app.router.lifespan_context(app):
        yield app


async def ask(app: FastAPI, url: str, key: str = "", **fields: Any) -> httpx2.Response:
    async with client_of(app.state.service, key, app) as client:
        return await client.post("/v1/recordings", json={"url": url, **fields})


async def follow(app: FastAPI, place: str, key: str = "") -> dict[str, Any]:
    async with client_of(app.state.service, key, app) as client:
        for _ in range(600):
            told: dict[str, Any] = (await client.get(place)).raise_for_status().json()
            if told["recording"] or told["problem"]:
                return told
            await asyncio.sleep(0.02)
    raise AssertionError(told)


async def test_footage_is_fetched_and_followed_as_an_upload(service: Service) -> None:
    async with running(service) as app:
        with web() as url:
            response = await ask(
                app, f"{url}/Gate.mp4?sig=1", tags=["a"], started_at="2026-01-01T00:00:00Z", priority=1
            )
            assert response.status_code == 202
            told = await follow(app, response.headers["location"])
        assert (told["offset"], told["length"], told["problem"]) == (len(CONTENT), len(CONTENT), None)
    recording = service.archive.recording(told["recording"])
    assert recording is not None
    assert Path(recording.source).read_bytes() == CONTENT
    assert (recording.title, recording.tags) == ("Gate.mp4", ("a",))
    assert len(service.jobs.of_recording(recording.id)) == 1


async def test_how_much_has_come_is_told_meanwhile(service: Service) -> None:
    halting = Halting()
    async with running(service) as app:
        with web(halting) as url:
            place = (await ask(app, f"{url}/a.mp4", title="T")).headers["location"]
            async with client_of(service, app=app) as client:
                while not (told := (await client.get(place)).json())["offset"]:
                    await asyncio.sleep(0.02)
                assert (told["recording"], told["length"]) == (None, len(CONTENT))
                assert 0 < told["offset"] < len(CONTENT)
            halting.go_on.set()
            assert (await follow(app, place))["recording"]


@pytest.mark.parametrize("status", [404, 500])
async def test_what_is_not_there_is_told_at_once(service: Service, status: int) -> None:
    async with running(service) as app:
        with web(lambda each: each.answer(f"{status} No")) as url:
            response = await ask(app, f"{url}/a.mp4?token=canary")
    assert (response.status_code, response.json()["code"]) == (502, "fetch-failed")
    assert "canary" not in response.text
    assert list((service.folder / "inbox").glob("*")) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.mp4", "http://169.254.169.254/", "file:///etc/passwd", "clip.mp4"])
async def test_what_is_not_fetched_is_told_at_once(tmp_path: Path, url: str) -> None:
    async with running(a_service(tmp_path)) as app:
        response = await ask(app, url)
    assert (response.status_code, response.json()["code"]) == (422, "bad-address")


@pytest.mark.parametrize(
    "fields", [{"url": ""}, {"url": 5}, {}, {"url": "http://a/", "more": 1}, {"url": "http://a/", "priority": 99}]
)
async def test_a_malformed_wish_is_refused(service: Service, fields: dict[str, Any]) -> None:
    async with running(service) as app, client_of(service, app=app) as client:
        response = await client.post("/v1/recordings", json=fields)
    assert (response.status_code, response.json()["code"]) == (422, "malformed-request")


async def test_what_breaks_off_says_so_where_it_is_followed(service: Service) -> None:
    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + CONTENT)

    async with running(service) as app:
        with web(handle) as url:
            told = await follow(app, (await ask(app, f"{url}/a.mp4")).headers["location"])
    assert told["recording"] is None
    assert "could not be fetched" in told["problem"]
    assert list((service.folder / "inbox").glob("*.part")) == []


async def test_more_than_is_taken_is_not_fetched(service: Service) -> None:
    service = replace(service, limits=replace(service.limits, upload_bytes=100_000))
    async with running(service) as app:
        with web() as url:
            assert (await ask(app, f"{url}/a.mp4")).status_code == 413

        def unannounced(connection: Connection) -> None:
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT)

        with web(unannounced) as url:
            told = await follow(app, (await ask(app, f"{url}/a.mp4")).headers["location"])
        assert "more than the 100000" in told["problem"]


async def test_a_fetch_that_was_cut_off_is_begun_again_by_the_next_process(service: Service) -> None:
    halting = Halting()
    with web(halting) as url:
        async with running(service) as app:
            place = (await ask(app, f"{url}/a.mp4", title="T")).headers["location"]
        assert service.archive.recordings() == ()
        halting.go_on.set()
        again = replace(service, inbox=DiskInbox(service.folder))
        again = replace(again, intake=replace(service.intake, inbox=again.inbox))
        async with running(again) as app:
            told = await follow(app, place)
    assert halting.asked == 2
    (recording,) = service.archive.recordings()
    assert (told["recording"], recording.title) == (recording.id, "T")
    assert Path(recording.source).read_bytes() == CONTENT


async def test_a_fetch_of_a_key_that_was_revoked_is_given_up(service: Service) -> None:
    key, secret = service.keys.create("k", Role.OPERATOR, Scope())
    _, admin = service.keys.create("admin", Role.ADMIN, Scope())
    service = replace(service, keys_needed=True)
    with web(Halting()) as url:
        async with running(service) as app:
            place = (await ask(app, f"{url}/a.mp4", secret)).headers["location"]
        service.keys.revoke(key.id)
        async with running(service) as app:
            assert "not in force" in (await follow(app, place, admin))["problem"]


async def test_a_fetch_can_be_given_up(service: Service) -> None:
    began = time.monotonic()
    async with running(service) as app:
        with web(Halting()) as url:
            place = (await ask(app, f"{url}/a.mp4")).headers["location"]
            async with client_of(service, app=app) as client:
                while not (await client.get(place)).json()["offset"]:
                    await asyncio.sleep(0.02)
                ended = await client.delete(place, headers={"Tus-Resumable": "1.0.0"})
                assert ended.status_code == 204
                assert (await client.get(place)).status_code == 404
    assert time.monotonic() - began < 10
    assert list((service.folder / "inbox").glob("*")) == []


async def test_nobody_writes_into_a_fetch(service: Service) -> None:
    async with running(service) as app:
        with web(Halting()) as url:
            place = (await ask(app, f"{url}/a.mp4")).headers["location"]
            headers = {
                "Tus-Resumable": "1.0.0",
                "Upload-Offset": "0",
                "Content-Type": "application/offset+octet-stream",
            }
            async with client_of(service, app=app) as client:
                assert (await client.patch(place, content=b"x", headers=headers)).status_code == 423
                head = await client.head(place, headers=headers)
                assert (head.status_code, "upload-metadata" in head.headers) == (200, False)
                assert not (await client.get(place)).json()["problem"]


async def test_a_fetch_that_is_refused_leaves_nothing_behind(service: Service) -> None:
    service = replace(service, limits=replace(service.limits, uploads_at_once=2))
    async with running(service) as app:
        with web(Halting()) as url:
            assert (await ask(app, f"{url}/a.mp4")).status_code == 202
            before = arrivals(service)
            for _ in range(3):
                refused = await ask(app, f"{url}/b.mp4")
                assert (refused.status_code, refused.json()["code"]) == (429, "too-many-uploads")
            assert arrivals(service) == before


async def test_a_fetch_that_fails_at_once_counts_no_more(service: Service) -> None:
    service = replace(service, limits=replace(service.limits, uploads_at_once=2))
    async with running(service) as app:
        with web(lambda each: each.answer("404 No")) as url:
            for _ in range(12):
                assert (await ask(app, f"{url}/a.mp4")).status_code == 502


async def test_one_key_has_a_few_fetches_under_way(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.uploads.fetching._AT_ONCE", 2)
    async with running(service) as app:
        with web(Halting()) as url:
            codes = [(await ask(app, f"{url}/{name}.mp4")).status_code for name in "abc"]
    assert codes == [202, 202, 429]


async def test_the_service_starts_whatever_was_being_fetched(service: Service) -> None:
    begun = '{"url": "http://127.0.0.1:9/a.mp4"}'
    for asked in (begun, begun, begun, "no JSON", '{"url": 5}'):
        service.inbox.begin("", None, {"fetched as": asked})
    service = replace(service, limits=replace(service.limits, uploads_at_once=1))
    async with running(service) as app:
        for arrival in sorted((service.folder / "inbox").glob("*.json")):
            assert (await follow(app, f"/v1/uploads/{arrival.stem}"))["problem"]


@pytest.mark.parametrize(
    ("scope", "code"),
    [(Scope(tags=frozenset({"a"})), "tag-out-of-reach"), (Scope(cameras=frozenset({"c"})), "brings-out-of-reach")],
)
async def test_nothing_is_fetched_that_would_lie_out_of_reach(service: Service, scope: Scope, code: str) -> None:
    _, secret = service.keys.create("k", Role.OPERATOR, scope)
    halting = Halting()
    async with running(replace(service, keys_needed=True)) as app:
        with web(halting) as url:
            refused = await ask(app, f"{url}/a.mp4", secret, tags=["b"])
    assert (refused.status_code, refused.json()["code"], halting.asked) == (403, code, 0)


async def test_fetches_hold_up_nothing_else_that_waits(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.threads._FETCHING", anyio.CapacityLimiter(1))
    monkeypatch.setattr("api.threads._WAITING", anyio.CapacityLimiter(1))
    halting = Halting()
    async with running(service) as app:
        with web(halting) as url:
            place = (await ask(app, f"{url}/a.mp4")).headers["location"]
            while not halting.asked:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
            with anyio.fail_after(5):
                assert await in_thread(lambda: "an answer", waiting=True) == "an answer"
            halting.go_on.set()
            assert (await follow(app, place))["recording"]


async def test_nothing_that_is_empty_is_taken_from_an_address(service: Service) -> None:
    async with running(service) as app:
        with web(lambda each: each.answer("200 OK", b"")) as url:
            told = await follow(app, (await ask(app, f"{url}/a.mp4")).headers["location"])
    assert "empty" in told["problem"]
    assert service.archive.recordings() == ()
