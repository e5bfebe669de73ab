"""How long a search over HTTP takes with 20 clients, over 100,000 or 1,000,000 passages, and what that does to others.

The passages are those of ``bench.search``, of as many words as people use: 400 of them hold about 5,000. A service in a
process of its own answers 20 connections. Beside them one asks every 20 ms whether the service lives, which takes as
long as its event loop is kept from its turn.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np

from bench.figure import Figure
from bench.search import FOLDER, Drawn, build, questions

CLIENTS = 20
VOCABULARY = 8_000
LIMIT_MS = 60
WARM = 40
_LIVE = "/health/live"


def figures(full: bool) -> list[Figure]:
    count = 1_000_000 if full else 100_000
    folder = FOLDER / f"service-{count}"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        build(folder, count, VOCABULARY)
    asked = list(questions(400, VOCABULARY))
    found = []
    with _service(folder) as port:
        asyncio.run(_alone(port, asked[:WARM]))
        alone = asyncio.run(_alone(port, asked[WARM:140]))
        paced, lag = asyncio.run(_together(port, asked, pause=1.0, seconds=20 if full else 8))
        closed, busy_lag = asyncio.run(_together(port, asked, pause=0.0, seconds=20 if full else 5))
    name = f"search over HTTP, {count:,} passages"
    for what, times, target in (
        ("one client", alone, ""),
        (f"{CLIENTS} clients, a question a second each", paced, f"<= {LIMIT_MS}"),
        (f"{CLIENTS} clients without a pause", closed, ""),
    ):
        p50, p95 = np.percentile(times, [50, 95])
        detail = f"p50 {p50:.1f} ms, {len(times)} questions"
        met = bool(p95 <= LIMIT_MS) if target else None
        found.append(Figure(f"{name}, {what}, p95", float(p95), "ms", target, met, detail))
    for what, times in (("a question a second each", lag), ("no pause", busy_lag)):
        detail = f"longest {max(times):.0f} ms"
        found.append(Figure(f"{_LIVE} meanwhile, {what}, p99", float(np.percentile(times, 99)), "ms", "", None, detail))
    return found


async def _alone(port: int, asked: list[str]) -> list[float]:
    client = await _Client.to(port)
    return [await client.took(f"/v1/search?q={quote(question)}") for question in asked]


async def _together(port: int, asked: list[str], pause: float, seconds: float) -> tuple[list[float], list[float]]:
    """Milliseconds of every question, and of asking whether the service lives."""
    end, turn = time.monotonic() + seconds, itertools.count()
    times: list[float] = []
    lags: list[float] = []

    async def ask(number: int) -> None:
        client = await _Client.to(port)
        await asyncio.sleep(pause * number / CLIENTS)
        while time.monotonic() < end:
            begun = time.monotonic()
            times.append(await client.took(f"/v1/search?q={quote(asked[next(turn) % len(asked)])}"))
            await asyncio.sleep(max(pause - (time.monotonic() - begun), 0))

    async def watch() -> None:
        client = await _Client.to(port)
        while time.monotonic() < end:
            lags.append(await client.took(_LIVE))
            await asyncio.sleep(0.02)

    await asyncio.gather(*(ask(number) for number in range(CLIENTS)), watch())
    return times, lags


class _Client:
    """A connection that is kept, with as little work as can be: the clients share the processors with the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> _Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def took(self, path: str) -> float:
        """Milliseconds until the whole answer is here."""
        begun = time.perf_counter()
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(length)
        return (time.perf_counter() - begun) * 1000


@contextmanager
def _service(folder: Path) -> Iterator[int]:
    """The port of a service over the passages in ``folder``."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # As `videoqa serve` has it: so few products are not worth waking the threads of a BLAS.
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, "-m", "bench.service_search", "--serve", folder, str(port)], env=alone)
    try:
        _until(lambda: _listens(port))
        yield port
    finally:
        child.kill()
        child.wait()


def _until(holds: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the service does not listen")
        time.sleep(0.1)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def serve(folder: Path, port: int) -> None:
    """The service over the passages in ``folder``, with their own vectors."""
    from datetime import UTC  # noqa: PLC0415  the parts are the child's alone

    from api.app import create_app  # noqa: PLC0415
    from api.serving import server  # noqa: PLC0415
    from indexer.archive import SqlArchive  # noqa: PLC0415
    from indexer.search.hybrid import HybridSearch  # noqa: PLC0415
    from videoqa.answering.answering import Answering  # noqa: PLC0415
    from videoqa.bootstrap import House  # noqa: PLC0415
    from videoqa.bootstrap.service import service_of  # noqa: PLC0415
    from videoqa.bootstrap.worker import WorkerProcess  # noqa: PLC0415
    from videoqa.settings import Settings  # noqa: PLC0415

    place = House(Settings(data_dir=folder, rate="10000000/minute"))
    search = HybridSearch(place.engine, Drawn(), folder / "index")
    search.refresh()
    archive = SqlArchive(place.engine, lambda: search)
    answering = Answering(search, archive, place.lexicon, UTC)
    service = replace(service_of(place, WorkerProcess(), private=True), archive=archive, answering=answering)
    app = create_app(service)
    asyncio.run(server(app, 1000).serve([socket.create_server(("127.0.0.1", port))]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--serve", nargs=2, metavar=("FOLDER", "PORT"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve:
        serve(Path(wanted.serve[0]), int(wanted.serve[1]))
        return
    for figure in figures(wanted.full):
        print(f"{figure.name}: {figure.value:.1f} {figure.unit} (target {figure.target or 'none'}; {figure.detail})")


if __name__ == "__main__":
    main()
