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
from videoqa.analyser.speech.local import LocalHearer
from videoqa.analyser.speech.server import ServerHearer
from videoqa.analyser.speech.transcribing import SpeechTranscriber
from videoqa.errors import NoSpeechModel
from videoqa.ports import Sound


@pytest.fixture
def _whisper() -> None:
    if importlib.util.find_spec("faster_whisper") is None:
        missing("faster-whisper is not installed: pip install videoqa[speech]")


def test_without_the_extra_its_command_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(NoSpeechModel, match=r"pip install .videoqa\[speech\]"):
        LocalHearer("tiny").describe()


@pytest.mark.usefixtures("_whisper")
def test_a_model_that_is_not_on_disk_is_told_of_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NoSpeechModel, match="not on this disk"):
        LocalHearer("distil-large-v3.5").describe()


@pytest.mark.usefixtures("_whisper")
def test_a_folder_without_a_model_is_told_by_name(tmp_path: Path) -> None:
    sound = Sound(timedelta(0), np.zeros(16_000, "<i2").tobytes(), ())
    with pytest.raises(NoSpeechModel, match="VIDEOQA_SPEECH_MODEL"):
        LocalHearer(str(tmp_path)).hear(sound)


@pytest.mark.usefixtures("_whisper")
def test_a_folder_with_a_model_is_named_to_the_doctor(tmp_path: Path) -> None:
    model = write_ctranslate2(tmp_path / "model", ["en"])
    assert str(model) in LocalHearer(str(model)).describe()


def test_the_language_is_part_of_what_is_written(tmp_path: Path) -> None:
    sounds = SandboxedReader()
    local = {
        SpeechTranscriber(sounds, tmp_path, LocalHearer("tiny", language)).fingerprint
        for language in (None, "en", "zh")
    }
    server = {
        SpeechTranscriber(sounds, tmp_path, ServerHearer("http://127.0.0.1:9/v1", model, language=language)).fingerprint
        for model in ("", "a", "b")
        for language in (None, "en")
    }
    assert len(local | server) == 9
