"""What is said in a recording without subtitles is searched for, exported, and missed aloud where nobody can hear."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from threading import Event

import pytest

from tests.acceptance.product import Videoqa
from tests.scripted_speech import Answer, ScriptedSpeech, Upload
from tests.spoken import RATE, Line, spoken, track, write

VAN = "The red van stops at the gate."
OTHERS = (
    "Good morning.",
    "The forecast for tomorrow is rain and a strong wind from the north, so take a coat along with you.",
    "Please wait behind the yellow line until the train has come to a stop.",
    "Coffee is served upstairs.",
    "The next lecture is about prime numbers, why there is no largest one, and how Euclid came to prove that.",
)
BAG = "A man leaves a black bag on the bench, looks around once more, and walks away."


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = [Line(4, VAN), Line(30, BAG), *(Line(60 + 25 * number, text) for number, text in enumerate(OTHERS))]
    return write(tmp_path_factory.mktemp("talk") / "talk.mp4", track(190, lines))


def hear(upload: Upload) -> Answer:
    """The line that takes as long to say."""
    text = min((VAN, BAG, *OTHERS), key=lambda line: abs(len(spoken(line)) / RATE + 0.5 - upload.seconds))
    said = {"start": 0.25, "end": upload.seconds - 0.25, "text": text}
    return {"text": text, "language": "english", "segments": [said]}


def test_what_is_said_is_found_where_it_is_said_and_exported(videoqa: Videoqa, talk: Path) -> None:
    with ScriptedSpeech(hear) as server:
        indexed = videoqa("index", talk, VIDEOQA_SPEECH_URL=server.url)
        assert indexed.code == 0, indexed.err
        assert len(server.uploads) == 2 + len(OTHERS)
    found = videoqa("ask", "who leaves a bag on the bench?", "--json").json
    assert found["found"], found
    best = found["moments"][0]
    assert BAG in best["text"]
    assert best["start"] <= 30.5
    assert best["end"] >= 33
    assert best["sources"] == ["speech"]
    vtt = videoqa("export", "talk", "--format", "vtt").out
    assert vtt.startswith("WEBVTT\n")
    assert VAN in vtt
    assert BAG in videoqa("export", "talk", "--format", "srt").out
    cues = videoqa("export", "talk", "--format", "json").json["cues"]
    assert {(cue["language"], cue["track"]) for cue in cues} == {("en", "speech")}
    assert [cue["start"] for cue in cues] == pytest.approx([4, 30, 60, 85, 110, 135, 160], abs=0.1)
    assert list((videoqa.data / "transcripts").iterdir())
    assert videoqa("remove", "talk").code == 0
    assert not list((videoqa.data / "transcripts").iterdir())


def test_subtitles_that_came_with_it_are_not_heard_again(videoqa: Videoqa, talk: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(talk.read_bytes())
    (tmp_path / "talk.srt").write_text("1\n00:00:04,000 --> 00:00:06,000\nThe red van stops.\n")
    with ScriptedSpeech(hear) as server:
        assert videoqa("index", tmp_path / "talk.mp4", VIDEOQA_SPEECH_URL=server.url).code == 0
        assert server.uploads == []


def test_what_cannot_be_heard_is_said_and_heard_later(videoqa: Videoqa, talk: Path) -> None:
    with ScriptedSpeech([(401, "no such key")]) as server:
        deaf = videoqa("index", talk, VIDEOQA_SPEECH_URL=server.url)
    assert deaf.code == 0, deaf.err
    assert "speech not transcribed" in videoqa("list").out + videoqa("list", "--json").out + deaf.out + deaf.err
    with ScriptedSpeech(hear) as server:
        assert videoqa("index", talk, VIDEOQA_SPEECH_URL=server.url).code == 0
    assert videoqa("ask", "black bag on the bench", "--json").json["found"]
    assert "speech not transcribed" not in videoqa("list", "--json").out


def test_a_kill_in_the_middle_of_a_transcript_costs_only_what_was_under_way(videoqa: Videoqa, tmp_path: Path) -> None:
    lines = [Line(2 + 6 * number, VAN) for number in range(12)]
    path, halfway = write(tmp_path / "long.mp4", track(76, lines)), Event()
    asked: list[bytes] = []

    def slowly(upload: Upload) -> Answer:
        asked.append(upload.samples)
        if len(asked) == 8:
            halfway.set()
            time.sleep(1)
        return hear(upload)

    with ScriptedSpeech(slowly) as server:
        running = videoqa.start("index", path, VIDEOQA_SPEECH_URL=server.url)
        assert halfway.wait(120)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        assert videoqa("index", path, VIDEOQA_SPEECH_URL=server.url).code == 0
    assert len(asked) - len(set(asked)) <= 4
    assert videoqa("export", "long", "--format", "srt").out.count(VAN) >= 1
