"""A vLLM of the tests' own, started with the very flags that ``videoqa model serve`` starts one with."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx2

from videoqa.serving.command import Served, command
from videoqa.serving.profiles import Layout

NAME = "tiny"
CONTEXT = 24_576
VIDEO_TOKENS = 16_384
"""Kept small: vLLM runs its processor over a video as large as this before it answers anybody."""
QUEUE = 6
"""Requests that may wait at the wary server."""
START = 600.0
_VARIABLES = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}


class Engine:
    """A server of the model in the folder ``model``, from ``start()`` to ``stop()``, always at one address.

    Args:
        python: of the environment that vLLM is in.
        extra: flags behind those of the product; the last one of a name counts.
    """

    def __init__(
        self,
        python: Path,
        model: Path,
        log: Path,
        *extra: str,
        context: int = CONTEXT,
        video_tokens: int = VIDEO_TOKENS,
        trusts: bool = True,
    ) -> None:
        self._port = _free_port()
        served = Served((NAME,), Layout(str(model), context, video_tokens), extra=_EXTRA + extra)
        made = command(served, str(python), self._port)
        self._arguments = [word for word in made.arguments if trusts or word != "--trust-request-mm-kwargs"]
        self._environment = dict(made.environment) | _VARIABLES
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def start(self) -> Self:
        """Starts it, and waits for nothing."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                env=os.environ | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def wait(self) -> Self:
        """Returns when it answers."""
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            if not self.runs:
                raise AssertionError(f"vLLM ended while it started:\n{self.log[-4000:]}")
            with suppress(httpx2.HTTPError):
                if httpx2.get(f"{self.root}/health", timeout=2).status_code == 200:
                    return self
            time.sleep(0.25)
        raise AssertionError(f"vLLM did not start in {START:.0f} s:\n{self.log[-4000:]}")

    def kill_core(self) -> None:
        """Kills the process that computes, as the kernel does when memory is short; the one that answers lives on."""
        assert self._process is not None
        cores = [pid for pid in _below(self._process.pid) if "EngineCore" in _name(pid)]
        assert cores, "no process of vLLM calls itself EngineCore"
        for pid in cores:
            os.kill(pid, signal.SIGKILL)

    def ended(self, within: float = 60.0) -> bool:
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within)
            # A worker outlives the core that it worked for.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return not self.runs

    def stop(self) -> None:
        """Kills all of it."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def complete(self, body: dict[str, Any], timeout: float = 120.0) -> httpx2.Response:
        """What it answers a chat request of any form, as it is."""
        return httpx2.post(f"{self.url}/chat/completions", json={"model": NAME} | body, timeout=timeout)

    def text_of(self, tokens: list[int]) -> str:
        told = httpx2.post(f"{self.root}/detokenize", json={"model": NAME, "tokens": tokens}, timeout=60)
        return str(told.json()["prompt"])

    def metric(self, name: str) -> float:
        """The sum of all series called ``name``."""
        lines = httpx2.get(f"{self.root}/metrics", timeout=30).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))


_EXTRA = (
    *("--limit-mm-per-prompt", json.dumps({"video": 1, "image": 64})),
    *("--max-num-seqs", "16"),
    # On a CPU the product gives this cache no memory; the tests of cached media need one.
    *("--mm-processor-cache-gb", "0.05"),
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _below(pid: int) -> list[int]:
    """The processes that ``pid`` started, and those they started."""
    children = [
        int(entry) for task in Path(f"/proc/{pid}/task").iterdir() for entry in _read(task / "children").split()
    ]
    return children + [below for child in children for below in _below(child)]


def _name(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended
        return ""
