"""What every transcriber keeps to, whichever model hears."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.identity import LocalFiles
from ingest.sandbox import SandboxedReader
from tests.needs import missing
from tests.scripted_speech import ScriptedSpeech, Upload
from tests.spoken import Line, track, write
from tests.tiny_whisper import write_ctranslate2
from videoqa.analyser.speech.local import LocalHearer
from videoqa.analyser.speech.server import ServerHearer
from videoqa.analyser.speech.transcribing import SpeechTranscriber
from videoqa.errors import BadMedia, ModelError
from videoqa.media import Cue
from videoqa.ports import Transcriber

SAID = [Line(2, "The red van stops at the gate."), Line(30, "A man leaves a black bag on the bench.")]
Make = Callable[[str], Transcriber]


def hear(upload: Upload) -> dict[str, object]:
    return {"text": f"{upload.seconds:.1f} seconds of speech", "language": "en"}


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("faster_whisper") is None:
        missing("faster-whisper is not installed: pip install videoqa[speech]")
    return write_ctranslate2(tmp_path_factory.mktemp("whisper"), ["en"])


@pytest.fixture(params=["server", "local"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Gives a transcriber by the name of its model: "good", or "absent"."""
    sounds, folder = SandboxedReader(), tmp_path / "speech"
    if request.param == "local":
        model = request.getfixturevalue("whisper")
        yield lambda name: SpeechTranscriber(
            sounds, folder, LocalHearer(str(model) if name == "good" else "no such/model")
        )
        return
    with ScriptedSpeech(
        lambda upload: hear(upload) if upload.fields["model"] == "good" else (404, "no model")
    ) as server:
        yield lambda name: SpeechTranscriber(sounds, folder, ServerHearer(server.url, name))


def transcribe(transcriber: Transcriber, path: Path) -> tuple[Cue, ...]:
    return transcriber.transcribe(str(path), LocalFiles().identify(str(path)))


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return write(tmp_path / "talk.mkv", track(40, SAID), codec="flac")


def test_what_is_said_is_written_down_in_order_where_somebody_speaks(make: Make, talk: Path) -> None:
    cues = transcribe(make("good"), talk)
    assert cues
    assert all(earlier.span.start <= later.span.start for earlier, later in pairwise(cues))
    for cue in cues:
        assert cue.text.strip()
        assert (cue.track, cue.language) == ("speech", "en")
        nearest = max(line.at for line in SAID if line.at - 1 <= cue.span.start.total_seconds())
        assert cue.span.end.total_seconds() < nearest + 5


def test_a_second_call_gives_the_same_and_needs_nothing_any_more(make: Make, talk: Path) -> None:
    identity = LocalFiles().identify(str(talk))
    first = make("good").transcribe(str(talk), identity)
    talk.unlink()
    assert make("good").transcribe(str(talk), identity) == first


def test_it_tells_how_far_it_is_and_goes_on_where_it_was_stopped(make: Make, talk: Path) -> None:
    told: list[float] = []

    class Stopped(Exception):
        """Somebody wants it to end."""

    def stop(until: timedelta) -> None:
        told.append(until.total_seconds())
        raise Stopped

    identity = LocalFiles().identify(str(talk))
    with pytest.raises(Stopped):
        make("good").transcribe(str(talk), identity, stop)
    whole = make("good").transcribe(str(talk), identity, lambda until: told.append(until.total_seconds()))
    assert len(told) == len(SAID)
    for until, line in zip(told, SAID, strict=True):
        assert line.at < until < line.at + 5
    assert make("good").transcribe(str(talk), identity) == whole


def test_where_nobody_speaks_nothing_is_written(make: Make, tmp_path: Path) -> None:
    assert transcribe(make("good"), write(tmp_path / "quiet.mkv", track(40, noise=0.01), codec="flac")) == ()


def test_footage_without_sound_is_an_error_of_the_file(make: Make, tmp_path: Path) -> None:
    with pytest.raises(BadMedia):
        transcribe(make("good"), write(tmp_path / "mute.mp4", None))


def test_a_model_that_is_not_there_is_an_error_of_the_model(make: Make, talk: Path) -> None:
    with pytest.raises(ModelError):
        transcribe(make("absent"), talk)


def test_its_fingerprint_tells_models_apart(make: Make) -> None:
    assert make("good").fingerprint == make("good").fingerprint != make("absent").fingerprint


def test_cues_are_kept_to_the_millisecond(make: Make, talk: Path) -> None:
    for cue in transcribe(make("good"), talk):
        assert not (cue.span.start % timedelta(milliseconds=1))
        assert not (cue.span.end % timedelta(milliseconds=1))
