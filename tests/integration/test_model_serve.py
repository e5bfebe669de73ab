"""`videoqa model serve` as a user runs it, over a program that takes vLLM's command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.pretend_vllm import STUCK, Pretend
from videoqa.serving import found, running

VIDEOQA = Path(sys.executable).with_name("videoqa")
PATIENCE = 30.0


class Served:
    """A running `videoqa model serve`."""

    def __init__(self, data: Path, *arguments: str, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.root = f"http://127.0.0.1:{self.port}"
        options, _, extra = " ".join(arguments).partition(" -- ")
        told = [*options.split(), "--port", str(self.port), *(["--", *extra.split()] if extra else [])]
        self.process = subprocess.Popen(
            [VIDEOQA, "model", "serve", *told],
            env=os.environ | {"VIDEOQA_DATA_DIR": str(data)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell has what it starts in the background ignore some signals, and so would the command under test.
            preexec_fn=_heed_signals,  # noqa: PLW1509  it calls the system alone
        )
        self.said = ""
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reading.join(PATIENCE)
        return code

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return httpx2.get(self.root + path, headers=headers, timeout=PATIENCE, trust_env=False)

    def ask(self, model: str = "tiny", **fields: Any) -> httpx2.Response:
        body = {"messages": [], "model": model} | fields
        return httpx2.post(f"{self.root}/v1/chat/completions", json=body, timeout=PATIENCE, trust_env=False)

    def state(self, name: str) -> str:
        try:
            return str(self.get("/health").json()["models"][name])
        except httpx2.TransportError:
            return "not there"


def _heed_signals() -> None:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def until(condition: Callable[[], object], within: float = PATIENCE) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def vllm(tmp_path: Path) -> Pretend:
    return Pretend(tmp_path / "vllm")


Serve = Callable[..., Served]


@pytest.fixture
def serve(data: Path, vllm: Pretend) -> Iterator[Serve]:
    begun: list[Served] = []

    def begin(*arguments: str, **environment: str) -> Served:
        begun.append(served := Served(data, "--vllm", str(vllm.python), *arguments, **environment))
        until(lambda: "serving " in served.said or served.process.poll() is not None)
        return served

    yield begin
    for one in begun:
        one.end(signal.SIGKILL)
    until(lambda: not vllm.living())


def test_it_runs_the_command_that_it_writes_out(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model -- --max-num-seqs 7")
    until(lambda: served.state("tiny") == "up")
    start = vllm.starts[0]
    assert start.flag("--model") == "some/model"
    assert start.flag("--max-num-seqs") == "7"
    assert json.loads(start.flag("--media-io-kwargs")) == {"video": {"num_frames": -1}}
    assert "--trust-request-mm-kwargs" in start.arguments
    written = next(line for line in served.said.splitlines() if "starting: " in line)
    assert f"{vllm.python} -m vllm.entrypoints.openai.api_server --model some/model" in written
    assert f"--port {start.flag('--port')}" in written


def test_a_request_comes_through_whole_and_its_answer_too(serve: Serve) -> None:
    served = serve("--model tiny=some/model")
    answer = served.ask(picture="x" * 3_000_000)
    assert answer.json()["bytes"] > 3_000_000
    assert served.get("/some/path?with=this&and=that").json()["path"] == "/some/path?with=this&and=that"


def test_a_stream_arrives_piece_by_piece(serve: Serve) -> None:
    served = serve("--model tiny=some/model")
    body = {"model": "tiny", "stream": True, "pieces": 3, "pause": 0.4}
    seen: list[float] = []
    url = f"{served.root}/v1/chat/completions"
    with httpx2.stream("POST", url, json=body, timeout=PATIENCE, trust_env=False) as answer:
        for _ in answer.iter_raw():
            seen.append(time.monotonic())
    assert len(seen) == 3
    assert seen[-1] - seen[0] > 0.5


def test_hanging_up_on_the_front_hangs_up_on_the_engine(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model")
    body = {"model": "tiny", "stream": True, "pieces": 1000, "pause": 0.02}
    url = f"{served.root}/v1/chat/completions"
    with httpx2.stream("POST", url, json=body, timeout=PATIENCE, trust_env=False) as answer:
        next(answer.iter_raw())
    until((vllm.folder / "hung-up").exists)


def test_who_hangs_up_before_an_answer_no_longer_keeps_the_model_awake(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model --idle-stop 1s")
    served.ask()
    vllm.become(STUCK)
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{served.root}/v1/completions", json={"model": "tiny"}, timeout=0.5, trust_env=False)
    until(lambda: served.state("tiny") == "asleep", within=10)


def test_asked_for_idleness_it_starts_at_the_first_question_and_stops_after_the_last(
    serve: Serve, vllm: Pretend
) -> None:
    served = serve("--model tiny=some/model --idle-stop 1s")
    until(lambda: served.state("tiny") == "asleep")
    assert served.get("/v1/models").json()["data"][0]["id"] == "tiny"
    assert not vllm.starts
    assert served.ask().status_code == 200
    until(lambda: served.state("tiny") == "asleep")
    assert not vllm.living()
    assert served.ask().status_code == 200
    assert len(vllm.starts) == 2


def test_a_question_in_mid_answer_is_not_stopped_for_idleness(serve: Serve) -> None:
    served = serve("--model tiny=some/model --idle-stop 1s")
    assert served.ask(stream=True, pieces=4, pause=1.6).text.count("data:") == 4


def test_questions_that_come_while_it_starts_share_one_start(serve: Serve, vllm: Pretend) -> None:
    vllm.script("slow 1")
    served = serve("--model tiny=some/model --idle-stop 10m")
    with ThreadPoolExecutor(6) as pool:
        until(lambda: served.state("tiny") == "asleep")
        answers = list(pool.map(lambda _: served.ask().status_code, range(6)))
    assert answers == [200] * 6
    assert len(vllm.starts) == 1


def test_a_start_that_takes_too_long_is_told_to_who_waits(serve: Serve, vllm: Pretend) -> None:
    vllm.script("never")
    served = serve("--model tiny=some/model --wait 1s")
    until(lambda: served.state("tiny") == "starting")
    answer = served.ask()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["code"] == "model_starting"


def test_outside_its_hours_it_says_when_it_is_back(serve: Serve, vllm: Pretend) -> None:
    hour = time.gmtime().tm_hour
    served = serve(
        f"--model tiny=some/model --schedule {(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00", VIDEOQA_TIMEZONE="UTC"
    )
    until(lambda: served.state("tiny") == "outside its schedule")
    answer = served.ask()
    assert answer.status_code == 503
    assert 3600 <= int(answer.headers["retry-after"]) <= 7200
    assert answer.json()["error"]["code"] == "outside_schedule"
    assert not vllm.starts


def test_an_engine_that_is_killed_is_started_again(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model")
    first = served.ask().json()["pid"]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(vllm.starts) == 2 and served.state("tiny") == "up")
    assert served.ask().json()["pid"] != first
    assert "starting again in 1 s" in served.said


def test_an_answer_broken_off_by_the_engines_death_stays_unfinished(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model")
    body = {"model": "tiny", "stream": True, "pieces": 1000, "pause": 0.05}
    url = f"{served.root}/v1/chat/completions"
    with httpx2.stream("POST", url, json=body, timeout=PATIENCE, trust_env=False) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        os.kill(vllm.starts[0].pid, signal.SIGKILL)
        with pytest.raises(httpx2.TransportError):
            list(pieces)


def test_a_question_that_the_engine_died_over_is_told_so(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model")
    until(lambda: served.state("tiny") == "up")
    vllm.become(STUCK)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(served.ask)
        time.sleep(0.5)
        os.kill(vllm.starts[0].pid, signal.SIGKILL)
        answer = asking.result(PATIENCE)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "model_restarting"


def test_an_engine_that_hangs_with_its_health_in_order_is_started_again(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model --hang 1s")
    until(lambda: served.state("tiny") == "up")
    vllm.become(STUCK)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(served.ask)
        until(lambda: len(vllm.starts) == 2)
        assert asking.result(PATIENCE).status_code == 503
    vllm.become(STUCK, on=False)
    until(lambda: served.state("tiny") == "up")
    assert served.ask().status_code == 200
    assert "it did not answer within 1 s" in served.said


def test_one_that_dies_at_its_start_is_given_up_with_its_last_words(serve: Serve, vllm: Pretend) -> None:
    vllm.script("die ValueError: the moon is in the wrong quarter")
    served = serve("--model tiny=some/model")
    assert served.process.wait(PATIENCE) == 3
    served.end()
    assert len(vllm.starts) == 3
    assert "the moon is in the wrong quarter" in served.said.splitlines()[-1]
    assert served.said.count("did not start") == 1


def test_one_without_vllm_is_given_up_at_once_with_what_to_do(serve: Serve, vllm: Pretend) -> None:
    vllm.script("die /usr/bin/python3: No module named vllm")
    served = serve("--model tiny=some/model")
    assert served.process.wait(PATIENCE) == 3
    served.end()
    assert len(vllm.starts) == 1
    assert "pip install" in served.said.splitlines()[-1]


def test_one_that_cannot_be_started_leaves_the_others_at_work(serve: Serve, vllm: Pretend, tmp_path: Path) -> None:
    served = serve(f"--model tiny=some/model --model emb={tmp_path}/no-such-folder/Qwen3-VL-Embedding-2B")
    until(lambda: served.state("tiny") == "up" and served.state("emb") == "up")
    vllm.script("die No space left on device")
    os.kill(next(start.pid for start in vllm.starts if "pooling" in start.arguments), signal.SIGKILL)
    until(lambda: served.state("emb") == "failed")
    refused = served.ask(model="emb")
    assert refused.status_code == 503
    assert "the disk is full" in refused.json()["error"]["message"]
    assert served.ask().status_code == 200


def test_several_models_are_told_apart_by_the_name_in_the_request(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model one=some/model --model two=other/model-Thinking --lora late=some/adapter")
    pids = {start.flag("--model"): start.pid for start in _both(served, vllm)}
    assert served.ask(model="one").json()["pid"] == pids["some/model"]
    assert served.ask(model="two").json()["pid"] == pids["other/model-Thinking"]
    assert served.ask(model="other/model-Thinking").json()["pid"] == pids["other/model-Thinking"]
    assert served.ask(model="late").json()["pid"] == pids["some/model"]
    refused = served.ask(model="three")
    assert refused.status_code == 404
    assert refused.json()["error"]["code"] == "model_not_found"
    listed = served.get("/v1/models").json()["data"]
    assert {"one", "two", "late"} <= {entry["id"] for entry in listed}
    assert next(entry["parent"] for entry in listed if entry["id"] == "late") == "one"


def _both(served: Served, vllm: Pretend) -> list[Any]:
    until(lambda: served.state("one") == "up" and served.state("two") == "up")
    return list(vllm.starts)


def test_a_recording_of_speech_goes_to_the_model_its_form_names(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model one=some/model --model two=other/model")
    pids = {start.flag("--model"): start.pid for start in _both(served, vllm)}
    sound = {"file": ("talk.wav", os.urandom(500_000), "audio/wav")}
    url = f"{served.root}/v1/audio/transcriptions"
    told = httpx2.post(url, files=sound, data={"model": "two"}, timeout=PATIENCE, trust_env=False)
    assert told.json()["pid"] == pids["other/model"]


def test_megabytes_are_taken_while_the_model_starts(serve: Serve, vllm: Pretend) -> None:
    vllm.script("slow 2")
    served = serve("--model one=some/model --model two=other/model --idle-stop 10m")
    hurried = httpx2.Timeout(PATIENCE, write=0.5)
    body = {"messages": ["x" * 20_000_000], "model": "two"}
    url = f"{served.root}/v1/chat/completions"
    answer = httpx2.post(url, json=body, timeout=hurried, trust_env=False)
    assert answer.json()["bytes"] > 20_000_000
    assert [start.flag("--model") for start in vllm.starts] == ["other/model"]


def test_status_tells_of_models_and_gpus(serve: Serve, data: Path, tmp_path: Path) -> None:
    driver = tmp_path / "driver"
    driver.mkdir()
    (driver / "nvidia-smi").write_text("#!/bin/sh\necho 0, NVIDIA L4, 23034, 18000, 61, 97, 8.9\n")
    (driver / "nvidia-smi").chmod(0o755)
    environment = os.environ | {"VIDEOQA_DATA_DIR": str(data), "PATH": f"{driver}:{os.environ['PATH']}"}

    def status(*options: str) -> subprocess.CompletedProcess[str]:
        command = [VIDEOQA, "model", "status", *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert status().returncode == 1
    assert "no model" in status().stdout
    served = serve("--model tiny=some/model --idle-stop 10m -- --max-model-len 4096")
    asleep = status("--json")
    assert asleep.returncode == 0
    told = json.loads(asleep.stdout)
    assert (told["up"], told["states"], told["server"]["context"]) == (True, {"tiny": "asleep"}, 4096)
    assert (told["gpus"][0]["temperature"], told["gpus"][0]["memory"]) == (61, 23034 * 2**20)
    served.ask()
    up = status().stdout
    assert "up: tiny at" in up
    assert "GPU 0  NVIDIA L4: 17.6 of 22.5 GiB, 61 °C, 97% busy" in up
    served.end()
    assert status().returncode == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_all_it_started(serve: Serve, vllm: Pretend, data: Path, number: int) -> None:
    served = serve("--model tiny=some/model")
    until(lambda: served.state("tiny") == "up")
    assert served.end(number) == 0
    assert not vllm.living()
    assert found(data) is None


def test_killed_itself_it_leaves_no_child_behind(serve: Serve, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model")
    until(lambda: served.state("tiny") == "up")
    assert len(vllm.living()) == 2
    served.end(signal.SIGKILL)
    until(lambda: not vllm.living(), within=5)


def test_a_running_one_is_found_and_a_killed_one_is_not(serve: Serve, data: Path) -> None:
    assert found(data) is None
    served = serve("--model tiny=some/model")
    until(lambda: found(data) is not None)
    assert found(data) == f"{served.root}/v1"
    assert (front := running(data)) is not None
    assert front.models == ("tiny", "some/model")
    served.end(signal.SIGKILL)
    assert found(data) is None


def test_a_key_that_is_set_is_asked_for_and_kept_from_the_engine(serve: Serve) -> None:
    served = serve("--model tiny=some/model", VIDEOQA_MODEL_KEY="open sesame")
    until(lambda: served.state("tiny") == "up")
    assert served.get("/v1/models").status_code == 401
    assert served.ask().json()["error"]["code"] == "invalid_api_key"
    through = served.get("/any", authorization="Bearer open sesame")
    assert "open sesame" not in through.text


def test_metrics_tell_of_all_models(serve: Serve) -> None:
    served = serve("--model one=some/model --model two=other/model")
    until(lambda: served.state("one") == "up" and served.state("two") == "up")
    told = served.get("/metrics").text
    assert told.count("# TYPE vllm:iteration_tokens_total histogram") == 1
    for name in ("one", "two"):
        assert f'vllm:iteration_tokens_total_count{{model_name="{name}"}}' in told
        assert f'videoqa:model_up{{model_name="{name}"}} 1' in told


def test_a_taken_port_is_told(serve: Serve, data: Path, vllm: Pretend) -> None:
    served = serve("--model tiny=some/model")
    until(lambda: served.state("tiny") == "up")
    second = subprocess.run(
        [VIDEOQA, "model", "serve", "--vllm", vllm.python, "--model", "some/model", "--port", str(served.port)],
        env=os.environ | {"VIDEOQA_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert second.returncode == 3
    assert "--port" in second.stderr


def test_a_dry_run_prints_the_command_and_starts_nothing(data: Path, vllm: Pretend) -> None:
    ran = subprocess.run(
        [VIDEOQA, "model", "serve", "--vllm", vllm.python, "--model", "some/model", "--dry-run"],
        env=os.environ | {"VIDEOQA_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert "-m vllm.entrypoints.openai.api_server --model some/model" in ran.stdout
    assert not vllm.starts


def test_an_address_that_others_reach_without_a_key_is_warned_of(serve: Serve) -> None:
    assert "VIDEOQA_MODEL_KEY" not in serve("--model tiny=some/model --idle-stop 10m").said
    open_to_all = serve("--model tiny=some/model --idle-stop 10m --host 0.0.0.0")
    until(lambda: "VIDEOQA_MODEL_KEY" in open_to_all.said)
