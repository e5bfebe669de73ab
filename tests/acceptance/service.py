"""The service as a user runs it: `videoqa serve` in a process group of its own, over one data directory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from tests.acceptance import canaries
from tests.acceptance.product import VIDEOQA

PATIENCE = 60.0
_SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


class Service:
    """A service that can be started, stopped, killed and started again at the same port.

    ``said`` is what it has written on both its streams since it was first started.
    """

    def __init__(self, data: Path, *options: str, key: str = "", **environment: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.said = ""
        self._options = options
        self._key = key
        self._environment = canaries.SETTINGS | {"VIDEOQA_DATA_DIR": str(data)} | environment
        self._process: subprocess.Popen[str] | None = None
        self._reading: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self, *, ready: bool = True, within: float = PATIENCE) -> None:
        """Starts it, and waits until it is ready."""
        self._process = subprocess.Popen(
            [VIDEOQA, "serve", "--port", str(self.port), *self._options],
            env=os.environ | self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell has what it starts in the background ignore some signals, and so would the product under test.
            preexec_fn=_heed_signals,  # noqa: PLW1509  it calls the system alone
        )
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            self._reading.append(threading.Thread(target=self._read, args=(stream,), daemon=True))
            self._reading[-1].start()
        if ready:
            until(self.is_ready, within, lambda: f"the service is not ready; it says:\n{self.said}")

    def is_ready(self) -> bool:
        assert self.running, f"the service ended:\n{self.said}"
        with contextlib.suppress(httpx2.TransportError), self.client(timeout=2) as client:
            return client.get("/health/ready").status_code == 200
        return False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def worker(self) -> int | None:
        """The worker's process id, None while there is none."""
        return next((each for each in _children(self.pid) if b"\0work\0" in _command(each)), None)

    @property
    def live(self) -> int | None:
        """The process id of what watches the cameras, None while there is none."""
        return next((each for each in _children(self.pid) if b"\0live\0" in _command(each)), None)

    @property
    def cameras(self) -> list[int]:
        """The process ids of what reads from cameras."""
        watching = self.live
        return [] if watching is None else [each for each in _children(watching) if b"camera" in _command(each)]

    @property
    def processes(self) -> list[int]:
        """The process ids of all that it consists of."""
        found = [self.pid]
        for each in found:
            found += _children(each)
        return found

    def client(self, key: str | None = None, timeout: float = PATIENCE) -> httpx2.Client:
        """A client that sends ``key``, or the service's where none is given."""
        sent = self._key if key is None else key
        headers = {"Authorization": f"Bearer {sent}"} if sent else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def tell(self, number: int = signal.SIGTERM) -> None:
        """Sends a signal to the process that a user has started."""
        os.kill(self.pid, number)

    def stop(self, number: int = signal.SIGTERM, within: float = PATIENCE) -> int:
        """Tells it to stop and waits for its end; its exit code."""
        self.tell(number)
        return self.wait(within)

    def wait(self, within: float = PATIENCE) -> int:
        """Its exit code, when it has ended."""
        assert self._process is not None
        code = self._process.wait(within)
        for reading in self._reading:
            reading.join(within)
        assert not canaries.sing(self.said), "a secret is read in what it writes"
        assert not self._key or self._key not in self.said
        return code

    def kill(self) -> None:
        """Kills it as a power cut does: every process of it at once, without a word."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    def lines(self) -> Iterator[dict[str, object]]:
        """What it has logged."""
        for line in self.said.splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def _read(self, stream: Iterator[str]) -> None:
        for line in stream:
            self.said += line


def until(
    condition: Callable[[], object], within: float = PATIENCE, told: Callable[[], str] = lambda: "it did not come about"
) -> None:
    """Waits until ``condition`` holds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def lives(pid: int) -> bool:
    """True where there is such a process, and not only its exit code."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(each) for children in tasks for each in children.read_text().split()]
    return []


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _heed_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
