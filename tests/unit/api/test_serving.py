"""Where the service listens, and what it tells while it is not there yet."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, closing
from http import HTTPStatus

import httpx2
import pytest
from starlette.responses import PlainTextResponse

from api.opening import Opening
from api.serving import is_private, listening, url_of
from videoqa.errors import CannotListen


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_a_free_port_is_found_and_told() -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(each)) for each in listening("127.0.0.1", 0)]
        port = sockets[0].getsockname()[1]
        assert url_of(sockets) == f"http://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def test_a_port_that_is_taken_is_not_shared() -> None:
    with closing(listening("127.0.0.1", 0)[0]) as first, pytest.raises(CannotListen, match="--port"):
        listening("127.0.0.1", first.getsockname()[1])


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 300])
def test_an_address_that_is_not_here_is_told(host: str) -> None:
    with pytest.raises(CannotListen, match="--host"):
        listening(host, 0)


def test_the_port_that_was_asked_for_is_told() -> None:
    with pytest.raises(CannotListen, match="18464"):
        is_private("no.such.host.invalid", 18464)


@pytest.mark.parametrize(
    ("host", "private"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_only_this_machine_reaches_a_loopback_address(host: str, private: bool) -> None:
    assert is_private(host) is private


@pytest.mark.anyio
async def test_before_it_is_there_it_lives_and_is_not_ready() -> None:
    opening = Opening()
    async with _client(opening) as client:
        assert (await client.get("/health/live")).status_code == HTTPStatus.OK
        answer = await client.get("/health/ready")
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.headers["Retry-After"] == "1"


@pytest.mark.anyio
async def test_a_request_that_comes_too_early_is_held_and_answered() -> None:
    opening = Opening()
    async with _client(opening) as client:
        early = asyncio.create_task(client.get("/v1/recordings"))
        await asyncio.sleep(0.05)
        assert not early.done()
        opening.open(PlainTextResponse("there"))
        assert (await early).text == "there"


@pytest.mark.anyio
async def test_a_service_that_cannot_start_lets_go_of_whoever_waits() -> None:
    opening = Opening()
    async with _client(opening) as client:
        early = asyncio.create_task(client.get("/v1/recordings"))
        await asyncio.sleep(0.05)
        opening.give_up()
        assert (await early).status_code == HTTPStatus.SERVICE_UNAVAILABLE


def _client(app: Opening) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1")
