"""How soon a player that seeks has what it needs: ranges at random places of a large file, over HTTP.

The service is the product's own, in processes of its own, over loopback. Each of many clients holds a connection as a
browser does, and asks for 256 KiB somewhere in a file of a gibibyte, again and again, with pauses between. Counted is
the time from the request's last byte to the last one of the range.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np

from bench.figure import Figure
from indexer.archive import SqlArchive
from indexer.database import open_database
from indexer.search.hybrid import HybridSearch
from tests.acceptance.service import Service
from videoqa.media import Recording, RecordingState
from videoqa.testing.search import LetterEmbedder

RANGE = 256 * 1024
CLIENTS, PAUSE = 20, 0.25
_RESTS = 0.05
"""Seconds of a processor in a second, below which a service has nothing to do."""
_BLOCK = 2**24


def figures(full: bool) -> list[Figure]:
    """A file of 1 GiB and 20 clients, of 8 GiB where ``full``: more than is read into memory by itself."""
    size, seconds = (8 * 2**30, 60.0) if full else (2**30, 12.0)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        recording = _recorded(data, size)
        with Service(data) as service:
            _settled(service.pid)
            before = _processor(service.pid)
            times = asyncio.run(_seek(service.port, recording.id, size, seconds))
            worked = (_processor(service.pid) - before) * 1000 / max(1, len(times))
    p50, p99 = np.percentile(times, [50, 99])
    name = f"256 KiB at a random place of {size // 2**30} GiB, {CLIENTS} clients, p99"
    rate = len(times) * RANGE / 2**20 / seconds
    detail = f"p50 {p50:.1f} ms, {worked:.1f} ms CPU each, {len(times)} ranges, {rate:.0f} MiB/s"
    return [Figure(name, p99, "ms", "<= 20", bool(p99 <= 20), detail)]


def _recorded(data: Path, size: int) -> Recording:
    """A kept file of noise that begins like an MP4, and its recording."""
    digest = secrets.token_hex(32)
    path = data / "footage" / digest[:2] / f"{digest}.mp4"
    path.parent.mkdir(parents=True)
    noise = Random(1).randbytes(_BLOCK)
    with path.open("wb") as file:
        for _ in range(size // _BLOCK):
            file.write(noise)
        file.seek(0)
        file.write(b"\0\0\0\x20ftypisom")
    engine = open_database(data / "videoqa.sqlite")
    search = HybridSearch(engine, LetterEmbedder(), data / "search")
    recording = Recording(
        "bench",
        "bench.mp4",
        str(path),
        digest,
        timedelta(hours=1),
        RecordingState.INDEXED,
        added_at=datetime.now(UTC),
        kept=True,
    )
    kept = SqlArchive(engine, lambda: search).add(recording)
    engine.dispose()
    return kept


def _processor(pid: int) -> float:
    """Seconds of processor time that the process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _settled(pid: int, seconds: float = 60) -> None:
    """Returns when the process rests: what a service takes up after its start is not what a player meets."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = _processor(pid)
        time.sleep(1)
        if _processor(pid) - before < _RESTS:
            return
    raise TimeoutError("the service does not come to rest")


async def _seek(port: int, recording_id: str, size: int, seconds: float) -> list[float]:
    """Milliseconds of every range, after a second that warms up."""
    until = time.monotonic() + seconds + 1
    found = await asyncio.gather(*(_client(port, recording_id, size, until, Random(n)) for n in range(CLIENTS)))
    warm = until - seconds
    return [milliseconds for times in found for begun, milliseconds in times if begun > warm]


async def _client(port: int, recording_id: str, size: int, until: float, chance: Random) -> list[tuple[float, float]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2 * RANGE)
    times = []
    while (begun := time.monotonic()) < until:
        start = chance.randrange(size - RANGE)
        head = f"GET /v1/recordings/{recording_id}/content HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        writer.write(f"{head}Range: bytes={start}-{start + RANGE - 1}\r\n\r\n".encode())
        answered = await reader.readuntil(b"\r\n\r\n")
        if not answered.startswith(b"HTTP/1.1 206"):
            raise RuntimeError(answered.decode("latin-1"))
        await reader.readexactly(RANGE)
        times.append((begun, (time.monotonic() - begun) * 1000))
        await asyncio.sleep(chance.expovariate(1 / PAUSE))
    writer.close()
    return times
