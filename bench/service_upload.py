"""How quickly footage comes in over HTTP, beside ``dd`` to the same disk, and what that costs in memory.

The service is the product's own, in processes of its own, over loopback. The file lies in the page cache; ``dd`` copies
it with ``conv=fdatasync``, as the service flushes what it acknowledges. ``dd`` and the uploads take turns, and each
upload has another content; compared are the medians.
"""

from __future__ import annotations

import re
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from bench.figure import Figure
from tests.acceptance.service import Service

MANY, EACH = 200, 2 * 2**20
_BLOCK = 2**24
_BOUNDARY = b"b0undary"
_TUS = "Tus-Resumable: 1.0.0\r\n"


def figures(full: bool) -> list[Figure]:
    """Files of 256 MiB, of 2 GiB where ``full``."""
    size, rounds = (2 * 2**30, 7) if full else (2**28, 5)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        noise = Random(1).randbytes(_BLOCK)
        with source.open("wb") as file:
            for _ in range(size // _BLOCK):
                file.write(noise)
        with Service(Path(folder) / "data") as service:
            small = _peak(service, lambda: _form(service, noise))
            times = _by_turns(service, source, rounds)
            large = _mebibytes(service)
            begun = time.monotonic()
            with ThreadPoolExecutor(MANY) as pool:
                list(pool.map(lambda seed: _form(service, Random(seed).randbytes(EACH)), range(MANY)))
            many = time.monotonic() - begun
            crowded = _mebibytes(service)
    dd, form, piece = (statistics.median(times[name]) for name in ("dd", "form", "piece"))
    rate = size / 2**20 / dd
    return [
        Figure("a form's throughput, of dd's", dd / form, "", ">= 0.8", dd / form >= 0.8, f"dd {rate:.0f} MiB/s"),
        Figure("a piece's throughput (tus), of dd's", dd / piece, "", ">= 0.8", dd / piece >= 0.8),
        Figure(
            f"memory of {size // 2**20} MiB over 16 MiB",
            large - small,
            "MiB",
            "<= 16",
            large - small <= 16,
            f"{large:.0f} MiB",
        ),
        Figure(
            f"{MANY} uploads at once, all kept", MANY * EACH / 2**20 / many, "MiB/s", "", None, f"{crowded:.0f} MiB"
        ),
    ]


def _by_turns(service: Service, source: Path, rounds: int) -> dict[str, list[float]]:
    ways: dict[str, Callable[[], object]] = {
        "dd": lambda: _dd(source, service.data / "dd"),
        "form": lambda: _form(service, source),
        "piece": lambda: _piece(service, source),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            with source.open("r+b") as file:
                file.write(f"{number} {name} {time.time_ns()}".encode())
            begun = time.monotonic()
            way()
            times[name].append(time.monotonic() - begun)
            for kept in (service.data / "footage").glob("??/*"):
                kept.unlink()
    return times


def _dd(source: Path, target: Path) -> None:
    copy = ["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fdatasync", "status=none"]
    subprocess.run(copy, check=True)
    target.unlink()


def _form(service: Service, content: Path | bytes) -> None:
    head = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n' % _BOUNDARY
    kind = f"Content-Type: multipart/form-data; boundary={_BOUNDARY.decode()}\r\n"
    _ask(service, "POST /v1/recordings", kind, content, (head, b"\r\n--%b--\r\n" % _BOUNDARY))


def _piece(service: Service, source: Path) -> None:
    size = source.stat().st_size
    begun = _ask(service, "POST /v1/uploads", f"{_TUS}Upload-Length: {size}\r\n")
    found = re.search(rb"(?i)location: (\S+)", begun)
    assert found is not None, begun
    kind = f"{_TUS}Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
    _ask(service, f"PATCH {found[1].decode()}", kind, source)


def _ask(
    service: Service,
    asked: str,
    headers: str,
    content: Path | bytes = b"",
    around: tuple[bytes, bytes] = (b"", b""),
) -> bytes:
    """Sends a request, files by ``sendfile``, so that the client takes little of the processor; its answer."""
    before, after = around
    size = (content.stat().st_size if isinstance(content, Path) else len(content)) + len(before) + len(after)
    head = f"{asked} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\nConnection: close\r\n{headers}\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=600) as sock:
        sock.sendall(head.encode() + before)
        if isinstance(content, Path):
            with content.open("rb") as file:
                sock.sendfile(file)
        else:
            sock.sendall(content)
        sock.sendall(after)
        answer = b""
        while data := sock.recv(65_536):
            answer += data
    assert answer.startswith((b"HTTP/1.1 201", b"HTTP/1.1 204", b"HTTP/1.1 200")), answer
    return answer


def _peak(service: Service, work: Callable[[], None]) -> float:
    work()
    return _mebibytes(service)


def _mebibytes(service: Service) -> float:
    """The most memory that the process of the API has ever held."""
    status = Path(f"/proc/{service.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024
