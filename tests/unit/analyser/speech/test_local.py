"""What faster-whisper lacks is said before anything is fetched."""

from __future__ import annotations

import importlib.util
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ingest.sandbox import SandboxedReader
from tests.needs import missing
from tests.tiny_whisper import write_ctranslate2
from videoqa.analyser.speech.local import LocalTranscriber
from videoqa.analyser.speech.server import ServerTranscriber
from videoqa.errors import NoSpeechModel
from videoqa.ports import Sound


@pytest.fixture
def _whisper() -> None:
    if importlib.util.find_spec("faster_whisper") is None:
        missing("faster-whisper is not installed: pip install videoqa[speech]")


def transcriber(folder: Path, size: str) -> LocalTranscriber:
    return LocalTranscriber(SandboxedReader(), folder, size)


def test_without_the_extra_its_command_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(NoSpeechModel, match=r"pip install .videoqa\[speech\]"):
        transcriber(tmp_path, "tiny").describe()


@pytest.mark.usefixtures("_whisper")
def test_a_model_that_is_not_on_disk_is_told_of_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NoSpeechModel, match="not on this disk"):
        transcriber(tmp_path, "distil-large-v3.5").describe()


@pytest.mark.usefixtures("_whisper")
def test_a_folder_without_a_model_is_told_by_name(tmp_path: Path) -> None:
    sound = Sound(timedelta(0), np.zeros(16_000, "<i2").tobytes(), ())
    with pytest.raises(NoSpeechModel, match="VIDEOQA_SPEECH_MODEL"):
        transcriber(tmp_path, str(tmp_path))._hear(sound)


@pytest.mark.usefixtures("_whisper")
def test_a_folder_with_a_model_is_named_to_the_doctor(tmp_path: Path) -> None:
    model = write_ctranslate2(tmp_path / "model", ["en"])
    assert str(model) in transcriber(tmp_path, str(model)).describe()


def test_the_language_is_part_of_what_is_written(tmp_path: Path) -> None:
    sounds = SandboxedReader()
    local = {LocalTranscriber(sounds, tmp_path, "tiny", language).fingerprint for language in (None, "en", "zh")}
    server = {
        ServerTranscriber(sounds, tmp_path, "http://127.0.0.1:9/v1", model, language=language).fingerprint
        for model in ("", "a", "b")
        for language in (None, "en")
    }
    assert len(local | server) == 9
