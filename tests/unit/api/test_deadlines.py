"""A request has to come in time, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from starlette.types import Receive, Scope, Send

from api.deadlines import TimedProtocol
from api.serving import listening, server

SECONDS = 0.4
Address = tuple[str, int]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuses POST without reading its body; takes longer than the deadline over everything else."""
    if scope["method"] != "POST":
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    if scope["path"] == "/slow":
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        import anyio  # noqa: PLC0415

        await anyio.sleep(2 * SECONDS)
        await send({"type": "http.response.body", "body": b"def"})
    else:
        await send({"type": "http.response.body", "body": b"abcdef"})


@pytest.fixture(scope="module")
def address() -> Iterator[Address]:
    sockets = listening("127.0.0.1", 0)
    running = server(application, 100, header_seconds=SECONDS)
    thread = threading.Thread(target=running.run, args=(list(sockets),))
    thread.start()
    yield sockets[0].getsockname()[:2]
    running.should_exit = True
    thread.join(10)


def read_all(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    told = b""
    while part := connection.recv(65536):
        told += part
    return told


def test_a_head_that_does_not_come_is_told_so_in_time(address: Address) -> None:
    with closing(socket.create_connection(address)) as connection:
        began = time.monotonic()
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert SECONDS * 0.9 < time.monotonic() - began < SECONDS + 2
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["code"] == "too-slow"


def test_a_head_that_drips_does_not_win_time(address: Address) -> None:
    with closing(socket.create_connection(address)) as connection:
        began = time.monotonic()
        connection.settimeout(0.05)
        told = b""
        while time.monotonic() - began < 4:
            try:
                connection.sendall(b"G")
                told = connection.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            break
        assert time.monotonic() - began < SECONDS + 2
        assert told == b"" or told.startswith(b"HTTP/1.1 408")


def test_a_connection_that_says_nothing_is_closed(address: Address) -> None:
    with closing(socket.create_connection(address)) as connection:
        began = time.monotonic()
        assert read_all(connection) == b""
        assert time.monotonic() - began < SECONDS + 2


def test_a_body_that_nobody_waits_for_does_not_hold_the_connection(address: Address) -> None:
    with closing(socket.create_connection(address)) as connection:
        began = time.monotonic()
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n")
        connection.settimeout(5)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        with pytest.raises(OSError):  # noqa: PT011, PT012  reset or broken pipe, whichever comes first
            while time.monotonic() - began < 4:
                connection.sendall(b"x")
                time.sleep(0.02)
        assert time.monotonic() - began < SECONDS + 2


def test_an_answer_may_take_its_time_and_the_next_request_comes_on_the_same_connection(address: Address) -> None:
    with closing(socket.create_connection(address)) as connection:
        connection.settimeout(5)
        for _ in range(2):
            connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            told = b""
            while not told.endswith(b"abcdef"):
                told += connection.recv(1000)


def test_requests_that_come_together_are_both_answered(address: Address) -> None:
    with closing(socket.create_connection(address)) as connection:
        connection.settimeout(5)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        told = b""
        while told.count(b"abcdef") < 2:
            told += connection.recv(1000)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\x01: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
    ],
)
def test_what_is_no_request_is_a_problem(address: Address, sent: bytes) -> None:
    with closing(socket.create_connection(address)) as connection:
        connection.sendall(sent)
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert int(head.split()[1]) in (400, 408)
    assert json.loads(body)["code"] in ("malformed-request", "too-slow")


def test_a_reader_that_does_not_read_is_let_go() -> None:
    ended = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            await send({"type": "http.response.body", "body": bytes(2**20), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        ended.set()

    sockets = listening("127.0.0.1", 0)
    running = server(endless, 100)
    running.config.http = type("Impatient", (TimedProtocol,), {"patience": SECONDS})
    thread = threading.Thread(target=running.run, args=(list(sockets),))
    thread.start()
    with closing(socket.create_connection(sockets[0].getsockname()[:2])) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ended.wait(10), "it is not held by whoever does not read"
        with suppress(ConnectionError):
            assert len(read_all(connection)) < 64 * 2**20
    running.should_exit = True
    thread.join(10)
