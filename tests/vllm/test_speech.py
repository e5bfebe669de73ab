"""The real vLLM writes down speech: uploads, languages, stamps and forms are its own, the Whisper babbles."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.identity import LocalFiles
from ingest.sandbox import SandboxedReader
from tests.spoken import Line, track, write
from tests.vllm.engine import Engine
from videoqa.analyser.speech.server import ServerHearer
from videoqa.analyser.speech.transcribing import SpeechTranscriber
from videoqa.errors import NoSpeechModel, SpeechUnreachable
from videoqa.media import Cue

HERE = Path(__file__).resolve().parent
NAME = "tiny-whisper"
SAID = [Line(2, "The red van stops at the gate."), Line(30, "A man leaves a black bag on the bench.")]


class SpeechEngine(Engine):
    """A server of a speech model, which needs none of the flags that videoqa starts a vision model with."""

    def __init__(self, python: Path, model: Path, log: Path) -> None:
        super().__init__(python, model, log)
        at = self._arguments.index("--port")
        served = ["--model", str(model), "--served-model-name", NAME, "--host", "127.0.0.1", "--port"]
        flags = ["--dtype", "bfloat16", "--enforce-eager", "--max-num-seqs", "4"]
        module = ["-m", "vllm.entrypoints.openai.api_server"]
        self._arguments = [str(python), *module, *served, self._arguments[at + 1], *flags]


@pytest.fixture(scope="module")
def speech(vllm_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpeechEngine]:
    folder = tmp_path_factory.mktemp("speech")
    making = [vllm_python, HERE / "tiny_speech.py", folder / "tiny-whisper"]
    subprocess.run(making, check=True, capture_output=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    engine = SpeechEngine(vllm_python, folder / "tiny-whisper", folder / "log")
    try:
        yield engine.start().wait()
    finally:
        engine.stop()


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("talk") / "talk.mkv", track(40, SAID), codec="flac")


def transcribe(transcriber: SpeechTranscriber, path: Path) -> tuple[Cue, ...]:
    return transcriber.transcribe(str(path), LocalFiles().identify(str(path)))


def inside(cue: Cue, line: Line) -> bool:
    return line.at - 1 <= cue.span.start.total_seconds() and cue.span.end.total_seconds() <= line.at + 4


def test_what_vllm_writes_down_lies_where_somebody_speaks(speech: SpeechEngine, talk: Path, tmp_path: Path) -> None:
    transcriber = SpeechTranscriber(SandboxedReader(), tmp_path, ServerHearer(speech.url, NAME))
    cues = transcribe(transcriber, talk)
    for line in SAID:
        assert any(inside(cue, line) for cue in cues), f"nothing is written where {line.text!r} is said"
    assert all(any(inside(cue, line) for line in SAID) for cue in cues)
    assert all(earlier.span.start <= later.span.start for earlier, later in pairwise(cues))
    assert all("<|" not in cue.text for cue in cues)
    assert None not in {cue.language for cue in cues}
    assert transcribe(transcriber, talk) == cues


def test_vllm_keeps_to_the_language_it_is_told(speech: SpeechEngine, talk: Path, tmp_path: Path) -> None:
    cues = transcribe(
        SpeechTranscriber(SandboxedReader(), tmp_path, ServerHearer(speech.url, NAME, language="zh")), talk
    )
    assert {cue.language for cue in cues} == {"zh"}


def test_vllm_names_what_it_serves(speech: SpeechEngine, talk: Path, tmp_path: Path) -> None:
    assert NAME in SpeechTranscriber(SandboxedReader(), tmp_path, ServerHearer(speech.url)).describe()
    other = SpeechTranscriber(SandboxedReader(), tmp_path, ServerHearer(speech.url, "another"))
    with pytest.raises(NoSpeechModel):
        other.describe()
    with pytest.raises(NoSpeechModel):
        transcribe(other, talk)


def test_a_vision_model_does_not_write_down_speech(engine: Engine, talk: Path, tmp_path: Path) -> None:
    with pytest.raises(NoSpeechModel):
        transcribe(SpeechTranscriber(SandboxedReader(), tmp_path, ServerHearer(engine.url)), talk)


def test_a_vllm_that_died_is_waited_for_and_what_it_heard_is_kept(
    speech: SpeechEngine, talk: Path, tmp_path: Path
) -> None:
    speech.kill_core()
    transcriber = SpeechTranscriber(SandboxedReader(), tmp_path, ServerHearer(speech.url, NAME))
    with pytest.raises(SpeechUnreachable):
        transcribe(transcriber, talk)
    assert speech.ended()
    with pytest.raises(SpeechUnreachable):
        transcribe(transcriber, talk)
