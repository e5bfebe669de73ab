"""A transcription server is asked by its protocol, believed as far as can be checked, and waited for within reason."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.scripted_speech import MODEL, Answer, ScriptedSpeech, Upload
from videoqa.analyser.model.dealings import Retries
from videoqa.analyser.speech.server import ServerHearer
from videoqa.analyser.speech.transcribing import SpeechTranscriber
from videoqa.errors import BadMedia, BadReply, DecoderCrashed, ModelRefused, NoSpeechModel, SpeechUnreachable
from videoqa.media import ZERO, Cue, Span
from videoqa.ports import FileIdentity, Sound

IDENTITY = FileIdentity("ab" * 32, 1, 1)
QUICK = Retries(first=0.01, longest=0.02)
TIMED = {
    "text": "The red van stops. Nobody is there.",
    "language": "english",
    "segments": [
        {"start": 0.5, "end": 2.0, "text": " The red van stops.", "avg_logprob": -0.2, "no_speech_prob": 0.01},
        {"start": 2.0, "end": 3.5, "text": " Nobody is there.", "avg_logprob": -0.2, "no_speech_prob": None},
    ],
}


class Sounds:
    """Pieces of four seconds, one every ten, each of its own level; ``broken`` where the file ends in damage."""

    sound_fingerprint = "sounds"

    def __init__(self, count: int, *, broken: bool = False) -> None:
        self._count = count
        self._broken = broken
        self.since: list[timedelta] = []

    @contextmanager
    def sounds(self, path: str, since: timedelta = ZERO) -> Iterator[Iterator[Sound]]:
        self.since.append(since)
        yield (sound for sound in self._every() if sound.start >= since)

    def _every(self) -> Iterator[Sound]:
        for number in range(self._count):
            start = timedelta(seconds=10 * number)
            samples = np.full(4 * Sound.RATE, number + 1, "<i2").tobytes()
            yield Sound(start, samples, (Span(start + timedelta(seconds=0.5), start + timedelta(seconds=3.8)),))
        if self._broken:
            raise DecoderCrashed(problem="damaged")


def number_of(upload: Upload) -> int:
    return int(np.frombuffer(upload.samples, "<i2")[0])


def transcriber(server: ScriptedSpeech, folder: Path, sounds: Sounds, model: str = MODEL) -> SpeechTranscriber:
    return SpeechTranscriber(sounds, folder, ServerHearer(server.url, model, "secret", retries=QUICK))


def told(cues: tuple[Cue, ...]) -> list[tuple[float, float, str]]:
    return [(cue.span.start.total_seconds(), cue.span.end.total_seconds(), cue.text) for cue in cues]


def test_the_protocol_is_kept(tmp_path: Path) -> None:
    with ScriptedSpeech([TIMED]) as server:
        cues = transcriber(server, tmp_path, Sounds(1)).transcribe("a.mp4", IDENTITY)
    (upload,) = server.uploads
    assert (upload.rate, upload.channels, upload.width, upload.seconds) == (16_000, 1, 2, 4.0)
    assert upload.authorization == "Bearer secret"
    assert upload.fields == {
        "model": MODEL,
        "response_format": "verbose_json",
        "temperature": "0",
        "timestamp_granularities[]": "segment",
    }
    assert told(cues) == [(0.5, 2.0, "The red van stops."), (2.0, 3.5, "Nobody is there.")]
    assert {cue.language for cue in cues} == {"en"}


def test_the_language_is_told_where_it_is_known(tmp_path: Path) -> None:
    with ScriptedSpeech([{"text": "红色的面包车"}]) as server:
        speech = SpeechTranscriber(Sounds(1), tmp_path, ServerHearer(server.url, MODEL, language="zh", retries=QUICK))
        (cue,) = speech.transcribe("a.mp4", IDENTITY)
    assert server.uploads[0].fields["language"] == "zh"
    assert cue.language == "zh"


def test_every_piece_has_its_own_place_however_late_its_answer_comes(tmp_path: Path) -> None:
    with ScriptedSpeech(lambda upload: {"text": f"word {number_of(upload)}"}) as server:
        cues = transcriber(server, tmp_path, Sounds(9)).transcribe("a.mp4", IDENTITY)
    assert told(cues) == [(10 * n + 0.5, 10 * n + 3.8, f"word {n + 1}") for n in range(9)]


def test_a_model_without_times_is_asked_for_text_alone(tmp_path: Path) -> None:
    def plain_only(upload: Upload) -> Answer:
        if upload.fields["response_format"] == "verbose_json":
            return 400, "Currently do not support verbose_json for qwen3-asr"
        return {"text": f"word {number_of(upload)}"}

    with ScriptedSpeech(plain_only) as server:
        cues = transcriber(server, tmp_path, Sounds(12)).transcribe("a.mp4", IDENTITY)
    assert len(cues) == 12
    forms = [upload.fields["response_format"] for upload in server.uploads]
    assert forms.count("verbose_json") <= 4, "it was asked again for what it does not offer"


def test_an_empty_timed_answer_is_asked_for_once_more_as_text(tmp_path: Path) -> None:
    def untimed(upload: Upload) -> Answer:
        if upload.fields["response_format"] == "verbose_json":
            return {"text": "", "segments": [], "language": "de"}
        return {"text": "der rote Wagen"}

    with ScriptedSpeech(untimed) as server:
        cues = transcriber(server, tmp_path, Sounds(1)).transcribe("a.mp4", IDENTITY)
    assert told(cues) == [(0.5, 3.8, "der rote Wagen")]
    assert cues[0].language == "de"


def test_a_second_call_costs_nothing(tmp_path: Path) -> None:
    with ScriptedSpeech([TIMED]) as server:
        first = transcriber(server, tmp_path, Sounds(2)).transcribe("a.mp4", IDENTITY)
        asked, sounds = len(server.uploads), Sounds(2)
        assert transcriber(server, tmp_path, sounds).transcribe("b.mp4", IDENTITY) == first
    assert len(server.uploads) == asked
    assert sounds.since == []


def test_another_model_writes_a_transcript_of_its_own(tmp_path: Path) -> None:
    with ScriptedSpeech([{"text": "one"}, {"text": "two"}]) as server:
        first = transcriber(server, tmp_path, Sounds(1), "one").transcribe("a.mp4", IDENTITY)
        second = transcriber(server, tmp_path, Sounds(1), "two").transcribe("a.mp4", IDENTITY)
    assert (first[0].text, second[0].text) == ("one", "two")


def test_the_first_model_served_is_taken_where_none_is_named(tmp_path: Path) -> None:
    with ScriptedSpeech([TIMED]) as server:
        transcriber(server, tmp_path, Sounds(1), "").transcribe("a.mp4", IDENTITY)
    assert server.uploads[0].fields["model"] == MODEL
    with ScriptedSpeech([TIMED], models=None) as server:
        transcriber(server, tmp_path / "other", Sounds(1), "").transcribe("a.mp4", IDENTITY)
    assert "model" not in server.uploads[0].fields


def test_what_was_heard_before_an_outage_is_not_asked_for_again(tmp_path: Path) -> None:
    def dies(upload: Upload) -> Answer:
        return {"text": f"word {number_of(upload)}"} if number_of(upload) <= 5 else None

    with ScriptedSpeech(dies) as server, pytest.raises(SpeechUnreachable, match="VIDEOQA_SPEECH_URL"):
        transcriber(server, tmp_path, Sounds(9)).transcribe("a.mp4", IDENTITY)
    sounds = Sounds(9)
    with ScriptedSpeech(lambda upload: {"text": f"word {number_of(upload)}"}) as server:
        cues = transcriber(server, tmp_path, sounds).transcribe("a.mp4", IDENTITY)
        assert sorted(number_of(upload) for upload in server.uploads) == [6, 7, 8, 9]
    assert sounds.since == [timedelta(seconds=44)]
    assert [cue.text for cue in cues] == [f"word {number}" for number in range(1, 10)]


def test_a_server_that_is_down_is_left_alone_and_asked_again_when_it_is_back(tmp_path: Path) -> None:
    down = True
    with ScriptedSpeech(lambda _: None if down else TIMED) as server:
        speech = transcriber(server, tmp_path, Sounds(1))
        for _ in range(3):
            with pytest.raises(SpeechUnreachable):
                speech.transcribe("a.mp4", IDENTITY)
        assert len(server.uploads) == 3
        down = False
        deadline = time.monotonic() + 10
        while True:
            try:
                assert len(speech.transcribe("a.mp4", IDENTITY)) == 2
                break
            except SpeechUnreachable:
                assert time.monotonic() < deadline, "it was never asked again"
                time.sleep(0.1)


def test_a_port_on_which_nobody_listens_is_told_by_its_url(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        speech = SpeechTranscriber(Sounds(1), tmp_path, ServerHearer(nobody, retries=QUICK))
        with pytest.raises(SpeechUnreachable, match=nobody):
            speech.transcribe("a.mp4", IDENTITY)
        with pytest.raises(SpeechUnreachable, match=nobody):
            speech.describe()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_by_itself_is_tried_again(tmp_path: Path, status: int) -> None:
    with ScriptedSpeech([(status, "not now"), (status, "not now"), TIMED]) as server:
        assert len(transcriber(server, tmp_path, Sounds(1)).transcribe("a.mp4", IDENTITY)) == 2
    assert len(server.uploads) == 3


def test_what_does_not_pass_is_told_at_once(tmp_path: Path) -> None:
    with ScriptedSpeech([(401, "wrong key: secret")]) as server, pytest.raises(ModelRefused) as refused:
        transcriber(server, tmp_path, Sounds(1)).transcribe("a.mp4", IDENTITY)
    assert "secret" not in str(refused.value)
    assert len(server.uploads) == 1
    with (
        ScriptedSpeech([(404, "The model `x` does not exist.")]) as server,
        pytest.raises(NoSpeechModel, match="VIDEOQA_SPEECH_MODEL"),
    ):
        transcriber(server, tmp_path, Sounds(1)).transcribe("a.mp4", IDENTITY)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"text": 7},
        {"text": "a", "segments": ["b"]},
        {"text": "a", "segments": [{}]},
        {"text": "a", "segments": [{"text": "a", "start": 10**400}]},
    ],
)
def test_an_answer_that_is_none_is_not_taken_for_silence(tmp_path: Path, answer: Answer) -> None:
    with ScriptedSpeech([answer]) as server, pytest.raises(BadReply):
        transcriber(server, tmp_path, Sounds(1)).transcribe("a.mp4", IDENTITY)
    assert not list(tmp_path.glob("*.vtt"))


def test_damage_of_the_file_comes_through_and_what_was_heard_is_kept(tmp_path: Path) -> None:
    with ScriptedSpeech([TIMED]) as server:
        with pytest.raises(BadMedia):
            transcriber(server, tmp_path, Sounds(6, broken=True)).transcribe("a.mp4", IDENTITY)
        sounds = Sounds(6)
        transcriber(server, tmp_path, sounds).transcribe("a.mp4", IDENTITY)
    assert sounds.since[0] > ZERO


def test_nothing_is_asked_where_nothing_is_heard(tmp_path: Path) -> None:
    with ScriptedSpeech([TIMED]) as server:
        assert transcriber(server, tmp_path, Sounds(0)).transcribe("a.mp4", IDENTITY) == ()
    assert server.uploads == []


def test_the_doctor_learns_what_it_is_transcribed_by(tmp_path: Path) -> None:
    with ScriptedSpeech([TIMED]) as server:
        assert transcriber(server, tmp_path, Sounds(0), "").describe() == f"{MODEL} at {server.url}"
        with pytest.raises(NoSpeechModel, match="does not serve other"):
            transcriber(server, tmp_path, Sounds(0), "other").describe()
