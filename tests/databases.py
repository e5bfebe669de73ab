"""What databases need for as long as a test: a PostgreSQL server of the test's own, a disk that is soon full."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tests.needs import missing, program

_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_USER = 65_534 if hasattr(os, "geteuid") and os.geteuid() == 0 else None
"""PostgreSQL refuses to run as root."""


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a new server that listens on a socket alone; an unprivileged user runs it where we are root."""
    initdb, postgres = _program("initdb"), _program("postgres")
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra
    except ModuleNotFoundError:
        missing("psycopg is not installed")
    with tempfile.TemporaryDirectory(prefix="vqa", dir="/tmp") as place:  # a socket's path has at most 107 bytes
        folder = Path(place)
        if _USER is not None:
            os.chown(folder, _USER, _USER)
        data = folder / "data"
        _run([initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], folder)
        arguments = [postgres, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        url = f"postgresql://tester@/postgres?host={folder}"
        with (folder / "log").open("wb") as log, _running(arguments, folder, log):
            _wait_for(url, folder / "log")
            yield url


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 1.5 MB, which only root can mount."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        missing("a small file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _program(name: str) -> str:
    if shutil.which(name) is None:
        for pattern in _FOLDERS:
            for folder in sorted(Path("/").glob(pattern[1:]), reverse=True):
                if (folder / name).exists():
                    return str(folder / name)
    return program(name)


def _run(arguments: list[object], folder: Path) -> None:
    done = subprocess.run(
        list(map(str, arguments)), cwd=folder, capture_output=True, text=True, check=False, user=_USER, group=_USER
    )
    if done.returncode:
        missing(f"PostgreSQL does not start here: {done.stderr[-300:]}")


@contextmanager
def _running(arguments: list[object], folder: Path, log: BinaryIO) -> Iterator[None]:
    server = subprocess.Popen(list(map(str, arguments)), cwd=folder, stdout=log, stderr=log, user=_USER, group=_USER)
    try:
        yield
    finally:
        server.send_signal(signal.SIGINT)  # the fast way: it waits for no client
        server.wait(30)


def _wait_for(url: str, log: Path) -> None:
    import psycopg  # noqa: PLC0415 - an extra

    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                missing(f"PostgreSQL does not start here: {log.read_text()[-300:]}")
            time.sleep(0.05)
        else:
            return
