"""The feed of a service that runs: it goes on across kills, and ends soon however many follow."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect as connect_at_once
from websockets.typing import Subprotocol

from api.alert_feed import SOCKET
from api.schemas.alerts import SUBPROTOCOL
from indexer.alert_log import SqlAlertLog
from indexer.database import open_database
from tests.acceptance.service import Service
from tests.alerts import begun

FOLLOWERS = 200
KILLS = (1, 30)
_PROTOCOLS = [Subprotocol(SUBPROTOCOL)]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path) as running:
        yield running


@pytest.fixture
def log(service: Service) -> SqlAlertLog:
    return SqlAlertLog(open_database(service.data / "videoqa.sqlite"))


def _address(service: Service, query: str = "") -> str:
    return f"ws://127.0.0.1:{service.port}{SOCKET}{query}"


async def _read_on(line: ClientConnection) -> None:
    while True:
        await line.recv()


def test_it_ends_within_ten_seconds_though_two_hundred_follow(service: Service, log: SqlAlertLog) -> None:
    async def play() -> list[int]:
        async with contextlib.AsyncExitStack() as stack:
            lines = []
            for _ in range(FOLLOWERS):
                line = connect(_address(service), subprotocols=_PROTOCOLS, compression=None, proxy=None)
                lines.append(await stack.enter_async_context(line))
            log.write([begun(1)])
            async with asyncio.timeout(60):
                for line in lines:
                    # How long it took until all were there depends on the machine.
                    while (message := json.loads(await line.recv()))["type"] == "heartbeat":
                        pass
                    assert message["seq"] == 1
                service.tell(signal.SIGTERM)
                told = time.monotonic()
                codes = []
                for line in lines:
                    with pytest.raises(ConnectionClosed) as closed:
                        await _read_on(line)
                    codes.append(closed.value.rcvd.code if closed.value.rcvd else 0)
                assert await asyncio.to_thread(service.wait) == 0
            assert time.monotonic() - told < 10
            return codes

    assert set(asyncio.run(play())) == {1012}


def test_kills_lose_nothing_and_tell_nothing_twice(
    service: Service, log: SqlAlertLog, request: pytest.FixtureRequest
) -> None:
    """A client that comes back with the last seq it had, against a ledger of what was written."""
    kills = KILLS[bool(request.config.getoption("--soak"))]
    written: list[int] = []
    came: list[int] = []

    def follow() -> None:
        """Follows until the connection breaks or all has come."""
        query = f"?after_seq={came[-1] if came else 0}"
        with (
            contextlib.suppress(ConnectionClosed, OSError, InvalidHandshake, TimeoutError),
            connect_at_once(_address(service, query), subprotocols=_PROTOCOLS, proxy=None) as line,
        ):
            while not came or came[-1] < written[-1]:
                message = json.loads(line.recv(timeout=20))
                if message["type"] == "alert.new":
                    came.append(message["seq"])

    for turn in range(kills):
        for number in range(20):
            written += [notice.seq for notice in log.write([begun(1000 * turn + number)])]
        if not turn % 2:
            follow()
        service.restart()
        written += [notice.seq for notice in log.write([begun(1000 * turn + 999)])]
        follow()
    assert came == written
