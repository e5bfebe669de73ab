"""How soon the last of a thousand followers hears of an alert, and how soon one has heard all that is kept.

The service's own application and server, in a process of their own, over the real log in SQLite; the followers are
plain WebSocket clients in another one. Alerts are written here, as the live process writes them, and the service is
told of each commit as it is in the product. Counted is the time from before the write to the arrival at the last
follower that reads; a few do not read at all.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import multiprocessing
import os
import secrets
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from api.alert_feed import SOCKET
from api.schemas.alerts import SUBPROTOCOL
from api.serving import HttpServer, allow_connections, listening, server
from bench.figure import Figure
from indexer.alert_log import SqlAlertLog
from indexer.database import open_database
from tests.service import a_service, app_of
from videoqa.alerts import Alert, AlertState, NoticeKind, Severity, Verdict
from videoqa.ports import AlertChange

FOLLOWERS, NOT_READING = 1000, 20
REPLAYED = 100_000
_PAUSE = 0.2
_PATIENCE = 120.0
_SPAWN = multiprocessing.get_context("spawn")


def figures(full: bool) -> list[Figure]:
    """100 alerts to a thousand followers, 500 where ``full``, and the replay of 100,000."""
    alerts = 500 if full else 100
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        log = SqlAlertLog(open_database(data / "videoqa.sqlite"))
        with _served(data) as (port, wake):
            alone = _fanned_out(log, port, wake, alerts, not_reading=0)
            beside = _fanned_out(log, port, wake, alerts, not_reading=NOT_READING)
            for _ in range(REPLAYED // 1000):
                log.write([_change() for _ in range(1000)])
            replayed = min(_replayed(port) for _ in range(3))
    told = [_told(alone, 0), _told(beside, NOT_READING)]
    name = f"{REPLAYED:,} alerts replayed to one reader"
    return [*told, Figure(name, replayed, "s", "<= 5", replayed <= 5, f"{REPLAYED / replayed:,.0f} a second")]


def _told(times: list[float], not_reading: int) -> Figure:
    p50, p99 = np.percentile(times, [50, 99])
    name = f"an alert to the last of {FOLLOWERS:,}, {not_reading} of them not reading, p99"
    return Figure(name, p99, "ms", "<= 100", bool(p99 <= 100), f"p50 {p50:.0f} ms, {len(times)} alerts")


def _change() -> AlertChange:
    now = datetime.now(UTC)
    number = secrets.token_hex(8)
    alert = Alert(
        id=number,
        rule="a" * 16,
        camera="gate-1",
        event=number,
        state=AlertState.OPEN,
        start=now,
        end=None,
        severity=Severity.HIGH,
        label="a person climbs the fence",
        description="A person in a dark jacket climbs over the fence from the left, next to the gate.",
        confidence=0.91,
        verdict=Verdict.CONFIRMED,
        recording="b" * 16,
        offset=timedelta(seconds=312.5),
        frames=(timedelta(seconds=312.5),),
    )
    return AlertChange(NoticeKind.ALERT_NEW, alert)


@contextmanager
def _served(data: Path) -> Iterator[tuple[int, Connection]]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(data, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(_PATIENCE):
            raise TimeoutError("the service does not start")
        yield ours.recv(), ours
    finally:
        process.kill()
        process.join()


def _serve(data: Path, told: Connection) -> None:
    async def serve() -> None:
        allow_connections(2000)
        app = app_of(a_service(data))
        sockets = listening("127.0.0.1", 0)
        serving: HttpServer = server(app, 2000)
        asyncio.get_running_loop().add_reader(told.fileno(), lambda: (told.recv(), app.state.feed.wake()))
        # As the product does when it has started.
        gc.freeze()
        told.send(sockets[0].getsockname()[1])
        await serving.serve(list(sockets))

    asyncio.run(serve())


def _fanned_out(log: SqlAlertLog, port: int, wake: Connection, alerts: int, not_reading: int) -> list[float]:
    """Milliseconds from before each write to its arrival at the last follower that reads."""
    ours, theirs = _SPAWN.Pipe()
    reading = FOLLOWERS - not_reading
    process = _SPAWN.Process(target=_follow, args=(port, reading, not_reading, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(_PATIENCE):
            raise TimeoutError("the followers do not get in")
        ours.recv()
        begun: dict[int, float] = {}
        for _ in range(alerts):
            ready = time.monotonic()
            (notice,) = log.write([_change()])
            wake.send(notice.seq)
            begun[notice.seq] = ready
            time.sleep(_PAUSE)
        ours.send(max(begun))
        if not ours.poll(_PATIENCE):
            raise TimeoutError("not all were told all")
        last, heard = ours.recv()
    finally:
        process.kill()
        process.join()
    if any(heard[seq] != reading for seq in begun):
        raise AssertionError(f"told {heard}, and there are {reading} who read")
    return [(last[seq] - ready) * 1000 for seq, ready in begun.items()]


def _follow(port: int, reading: int, not_reading: int, told: Connection) -> None:
    """Follows, and at the end tells when each alert came to the last one, and to how many."""
    allow_connections(2000)
    last: dict[int, float] = {}
    heard: Counter[int] = Counter()

    async def follow() -> None:
        loop = asyncio.get_running_loop()
        for number in range(reading + not_reading):
            made = socket.socket()
            if number >= reading:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            made.setblocking(False)
            await loop.sock_connect(made, ("127.0.0.1", port))
            transport, client = await loop.create_connection(lambda: _Client(port, last, heard), sock=made)
            await client.open
            if number >= reading:
                transport.pause_reading()
        # What is live only begins with the last seq, which is looked up.
        await asyncio.sleep(2)
        told.send(None)
        until = await asyncio.to_thread(told.recv)
        deadline = time.monotonic() + _PATIENCE / 2
        while heard[until] < reading and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        told.send((last, heard))

    asyncio.run(follow())


class _Client(asyncio.Protocol):
    """Notes when each message came, and no more: it is not to be what is measured."""

    def __init__(self, port: int, last: dict[int, float], heard: Counter[int]) -> None:
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._port, self._last, self._heard = port, last, heard
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(_handshake(self._port, ""))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._rest += data
        if not self.open.done():
            head, found, rest = self._rest.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.open.set_exception(ConnectionError(head.decode()))
                return
            self._rest = rest
            self.open.set_result(None)
        while (message := self._message()) is not None:
            if message.startswith(b'{"seq":'):
                seq = int(message[7 : message.index(b",", 7)])
                self._last[seq] = now
                self._heard[seq] += 1

    def _message(self) -> bytes | None:
        rest = self._rest
        if len(rest) < 4:
            return None
        size, begin = (rest[1], 2) if rest[1] < 126 else (int.from_bytes(rest[2:4], "big"), 4)
        if len(rest) < begin + size:
            return None
        self._rest = rest[begin + size :]
        return rest[begin : begin + size]


def _handshake(port: int, query: str) -> bytes:
    head = (
        f"GET {SOCKET}{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    )
    return head.encode()


def _replayed(port: int) -> float:
    """Seconds that a usual client takes until it has heard all that is kept, from its connection on."""
    from websockets.sync.client import connect  # noqa: PLC0415  needed for this alone

    begun, seen = time.monotonic(), 0
    with connect(f"ws://127.0.0.1:{port}{SOCKET}?after_seq=0", subprotocols=[SUBPROTOCOL], compression=None) as line:  # type: ignore[list-item]
        while seen < REPLAYED:
            message = json.loads(line.recv(timeout=_PATIENCE))
            if message["type"] == "alert.new":
                seen += 1
        # What is kept beyond these stays unread, and a client that does not read is slow to close.
        return time.monotonic() - begun


if __name__ == "__main__":
    for figure in figures("--full" in sys.argv):
        print(figure)
