"""The feed over the service's own server: readers that do not read, and the end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api.alert_feed import SOCKET, feed
from api.app import create_app
from api.schemas.alerts import SUBPROTOCOL
from api.service import Service
from api.serving import HttpServer, listening, server
from api.sockets import PatientSocket
from tests.alerts import begun
from tests.service import a_service

LONG = "A person climbs over the fence from the left. " * 200


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[tuple[int, HttpServer]]:
    app = create_app(service)
    serving = server(app, 500)
    sockets = listening("127.0.0.1", 0)
    task = asyncio.create_task(serving.serve(list(sockets)))
    try:
        yield sockets[0].getsockname()[1], serving
    finally:
        serving.should_exit = True
        async with asyncio.timeout(30):
            await task
        await app.state.feed.close()


def follow(port: int, query: str = "") -> connect:
    return connect(
        f"ws://127.0.0.1:{port}{SOCKET}{query}", subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, proxy=None
    )


async def _deaf(port: int) -> socket.socket:
    """A follower that has opened its connection and then reads nothing."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(line, ("127.0.0.1", port))
    head = (
        f"GET {SOCKET}?after_seq=0 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(line, head.encode())
    assert (await loop.sock_recv(line, 12)) == b"HTTP/1.1 101"
    return line


async def _read_until(line: socket.socket, end: bytes) -> None:
    loop, came = asyncio.get_running_loop(), bytearray()
    async with asyncio.timeout(60):
        while not came.endswith(end):
            part = await loop.sock_recv(line, 2**20)
            assert part, "it was closed without a word"
            came += part


async def _until_seq(line: ClientConnection, last: int) -> list[int]:
    seqs: list[int] = []
    async with asyncio.timeout(60):
        while not seqs or seqs[-1] < last:
            message = json.loads(await line.recv())
            if "seq" in message:
                seqs.append(message["seq"])
    return seqs


def test_who_does_not_read_is_closed_with_1013_and_costs_the_others_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_WAITING", 50)
    monkeypatch.setattr(PatientSocket, "parting", 60.0)

    async def play() -> None:
        async with served(service) as (port, _), follow(port, "?after_seq=0") as reader:
            deaf = await _deaf(port)
            seqs = []
            # What the system buffers for it has to be full before anything waits.
            for number in range(0, 300, 10):
                service.alerts.write([begun(number + each, description=6 * LONG) for each in range(10)])
                seqs += await _until_seq(reader, number + 10)
            assert seqs == list(range(1, 301))
            # The frame of the end: RFC 6455, 5.5.1.
            await _read_until(deaf, (1013).to_bytes(2, "big") + b"too-far-behind")
            deaf.close()

    asyncio.run(play())


def test_who_never_reads_on_is_cut_off(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientSocket, "patience", 0.3)
    service.alerts.write([begun(number, description=LONG) for number in range(1200)])

    async def play() -> None:
        async with served(service) as (port, serving):
            deaf = await _deaf(port)
            async with asyncio.timeout(60):
                while serving.server_state.connections:
                    await asyncio.sleep(0.02)
            deaf.close()

    asyncio.run(play())


def test_who_pings_on_and_reads_no_answer_is_cut_off(service: Service) -> None:
    pings = 500 * (b"\x89\xfd" + bytes(4) + bytes(125))

    async def ping_on(deaf: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        # Several times what the system buffers in both directions.
        async with asyncio.timeout(60):
            for _ in range(1000):
                await loop.sock_sendall(deaf, pings)

    async def play() -> None:
        async with served(service) as (port, serving), follow(port) as reader:
            deaf = await _deaf(port)
            with pytest.raises(OSError, match=r"reset|[Bb]roken pipe|aborted"):
                await ping_on(deaf)
            deaf.close()
            async with asyncio.timeout(60):
                while len(serving.server_state.connections) > 1:
                    await asyncio.sleep(0.02)
            service.alerts.write([begun(1)])
            assert await _until_seq(reader, 1) == [1]

    asyncio.run(play())


def test_the_end_comes_soon_however_many_follow_and_do_not_read(service: Service) -> None:
    service.alerts.write([begun(number, description=LONG) for number in range(1200)])

    async def play() -> None:
        async with AsyncExitStack() as stack:
            port, serving = await stack.enter_async_context(served(service))
            readers = [await stack.enter_async_context(follow(port)) for _ in range(20)]
            deaf = [await _deaf(port) for _ in range(5)]
            serving.should_exit = True
            async with asyncio.timeout(10):
                for reader in readers:
                    with pytest.raises(ConnectionClosed) as closed:
                        await reader.recv()
                    assert closed.value.rcvd is not None
                    assert closed.value.rcvd.code == 1012
                while serving.server_state.connections:
                    await asyncio.sleep(0.02)
            for line in deaf:
                line.close()

    asyncio.run(play())


def test_a_message_that_is_too_long_ends_it(service: Service) -> None:
    async def play() -> None:
        async with served(service) as (port, _), follow(port) as line:
            await line.send("x" * 70_000)
            with pytest.raises(ConnectionClosed) as closed:
                await line.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009

    asyncio.run(play())


def test_messages_of_every_length_are_framed_as_the_standard_says(service: Service) -> None:
    lengths = (0, 1, 100, 60_000, 70_000)
    service.alerts.write([begun(number, description="é" * length) for number, length in enumerate(lengths)])

    async def play() -> None:
        async with served(service) as (port, _), follow(port, "?after_seq=0") as line:
            for length in lengths:
                message = json.loads(await line.recv())
                assert message["alert"]["description"] == "é" * length
            service.alerts.write([begun(9, description="é" * 70_000)])
            assert len(json.loads(await line.recv())["alert"]["description"]) == 70_000
            await (await line.ping())

    asyncio.run(play())
