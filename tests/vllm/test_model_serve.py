"""`videoqa model serve` over the real vLLM: started at need, stopped when idle, started again when killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from videoqa.analyser.model.server import ModelServer
from videoqa.serving import found
from videoqa.serving.command import Lora, Served, command
from videoqa.serving.models import GIB
from videoqa.serving.profiles import Profile, Room, laid_out

VIDEOQA = Path(sys.executable).with_name("videoqa")
START = 240.0


class Front:
    """A running `videoqa model serve` of the tiny model."""

    def __init__(self, python: Path, model: Path, data: Path) -> None:
        self.root = f"http://127.0.0.1:{_free_port()}"
        self.environment = os.environ | {
            "VIDEOQA_DATA_DIR": str(data),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_NO_USAGE_STATS": "1",
        }
        command = [VIDEOQA, "model", "serve", "--vllm", python, "--model", f"tiny={model}", "--idle-stop", "8s"]
        flags = ["--max-model-len", "8192", "--max-num-seqs", "4"]
        command += ["--wait", f"{START:.0f}s", "--port", self.root.rsplit(":", 1)[1], "--", *flags]
        self.log = data.parent / "front.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, env=self.environment, stderr=log)

    @property
    def state(self) -> str:
        try:
            return str(httpx2.get(f"{self.root}/health", timeout=10).json()["models"]["tiny"])
        except httpx2.TransportError:
            return "not there"

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + START
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def ask(self) -> dict[str, Any]:
        """A question of one word; a front that is starting its model again is asked again."""
        body = {"model": "tiny", "messages": [{"role": "user", "content": "?"}], "max_tokens": 4}
        answer = httpx2.post(f"{self.root}/v1/chat/completions", json=body, timeout=START)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def status(self) -> tuple[int, dict[str, Any]]:
        ran = subprocess.run(
            [VIDEOQA, "model", "status", "--json"], env=self.environment, capture_output=True, text=True, check=False
        )
        return ran.returncode, json.loads(ran.stdout)


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.fixture
def front(vllm_python: Path, tiny: Path, tmp_path: Path) -> Iterator[Front]:
    front = Front(vllm_python, tiny, tmp_path / "data")
    front.until(lambda: front.state != "not there")
    yield front
    front.process.kill()
    front.process.wait()
    deadline = time.monotonic() + 60
    while living := _processes(tiny):
        assert time.monotonic() < deadline, f"left behind: {living}"
        time.sleep(0.2)


def _processes(model: Path) -> list[int]:
    """The processes of vLLM that were started for this front's model and data."""
    return [pid for pid, line in _lines() if str(model) in line and "8192" in line and "api_server" in line]


def _lines() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue


def _servers(model: Path) -> list[int]:
    return [pid for pid in _processes(model) if "serving.warden" not in Path(f"/proc/{pid}/cmdline").read_text()]


def _core(server: int) -> int:
    """The process that computes; the one that answers lives on, and notices."""
    children = Path(f"/proc/{server}/task").glob("*/children")
    pids = [int(pid) for each in children for pid in each.read_text().split()]
    return next(pid for pid in pids if "EngineCore" in Path(f"/proc/{pid}/cmdline").read_text())


@pytest.mark.timeout(900)
def test_from_the_first_need_over_a_kill_to_the_idle_stop(front: Front, tiny: Path, tmp_path: Path) -> None:
    assert front.state == "asleep"
    assert found(tmp_path / "data") == f"{front.root}/v1"
    code, told = front.status()
    assert (code, told["server"]["context"], told["states"]) == (0, 8192, {"tiny": "asleep"})
    assert not _servers(tiny)

    assert front.ask()["usage"]["completion_tokens"] > 0
    server = ModelServer(f"{front.root}/v1")
    assert server.capabilities().request_kwargs
    assert server.capabilities().priority
    assert server.tokens("a") > 0
    server.close()
    code, told = front.status()
    assert told["server"]["running"] == 0
    assert told["server"]["kv_usage"] is not None

    (first,) = _servers(tiny)
    os.kill(_core(first), signal.SIGKILL)
    front.until(lambda: front.state != "up")
    assert front.ask()["usage"]["completion_tokens"] > 0
    assert first not in _servers(tiny)

    front.until(lambda: front.state == "asleep")
    assert not _servers(tiny)
    front.process.terminate()
    assert front.process.wait(60) == 0
    assert found(tmp_path / "data") is None


PARSE = """
import json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = make_arg_parser(FlexibleArgumentParser())
for line in sys.stdin:
    print(parser.parse_args(json.loads(line)).model)
"""


def test_vllm_takes_every_flag_of_every_profile(vllm_python: Path) -> None:
    models = ["Qwen/Qwen3-VL-8B-Instruct", "Qwen/Qwen3-VL-8B-Thinking", "Qwen/Qwen3-VL-Embedding-2B", "my/finetune"]
    commands = [
        command(Served((model,), laid_out(model, room, profile), (Lora("late", "/adapter"),)), "python", 1).arguments[
            3:
        ]
        for model in models
        for room in (None, Room(22 * GIB), Room(79 * GIB, gpus=2))
        for profile in Profile
    ]
    lines = "".join(json.dumps(words) + "\n" for words in commands)
    ran = subprocess.run(
        [vllm_python, "-c", PARSE], input=lines, capture_output=True, text=True, check=False, timeout=280
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert len([line for line in ran.stdout.splitlines() if line in models or line.endswith("-FP8")]) == len(commands)


def test_weights_that_are_not_here_are_told_with_what_to_do(vllm_python: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [
            VIDEOQA,
            "model",
            "serve",
            "--vllm",
            vllm_python,
            "--model",
            "Qwen/Qwen3-VL-2B-Instruct",
            "--port",
            _free_port(),
        ],
        env=os.environ | {"VIDEOQA_DATA_DIR": str(tmp_path), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ran.returncode == 3
    assert "not on this machine" in ran.stderr.splitlines()[-1]
