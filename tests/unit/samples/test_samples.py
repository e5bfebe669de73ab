"""The recordings that are kept are those that the script draws, and long ones are sound."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from samples import lecture, yard
from samples.encoding import Encoding, beginning, encode, repeat
from samples.fonts import FontsMissing, require_fonts
from samples.render import SCENES, main
from samples.truth import write_truth

SAMPLES = Path(__file__).parents[3] / "samples"


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_all_samples_together_stay_below_five_megabytes() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir() if path.is_file()) < 5_000_000


@pytest.mark.parametrize(("language", "suffix"), [("en", ".srt"), ("zh", ".zh.srt")])
def test_the_kept_subtitles_are_those_of_the_script(language: str, suffix: str) -> None:
    assert (SAMPLES / f"lecture{suffix}").read_text(encoding="utf-8") == lecture.subtitles(language)


@pytest.mark.parametrize("scene", ["lecture", "yard"])
def test_the_kept_truth_is_that_of_the_script(tmp_path: Path, scene: str) -> None:
    source = SCENES[scene]
    write_truth(tmp_path / "truth.jsonl", f"{scene}.mp4", source.questions(), source.happenings())
    assert rows(tmp_path / "truth.jsonl") == rows(SAMPLES / f"{scene}.truth.jsonl")


@pytest.mark.parametrize(("scene", "fps", "keyframes"), [("lecture", 30, 250), ("yard", 15, 30)])
def test_the_kept_recordings_are_of_the_promised_kind(scene: str, fps: int, keyframes: int) -> None:
    with av.open(str(SAMPLES / f"{scene}.mp4")) as container:
        video = container.streams.video[0]
        packets = [packet for packet in container.demux(video) if packet.pts is not None]
        assert (video.width, video.height, video.average_rate) == (1280, 720, fps)
        assert len(packets) == round(SCENES[scene].length() * fps)
        starts = [packet.pts for packet in packets if packet.is_keyframe]
        assert {later - earlier for earlier, later in pairwise(starts)} == {keyframes * packets[0].duration}


def test_every_question_with_an_answer_has_spans_within_the_recording() -> None:
    for source in (lecture, yard):
        for question in source.questions():
            assert all(0 <= start < end <= source.length() for start, end in question.spans)
    assert sum(not question.spans for question in lecture.questions()) >= 3


def test_one_slide_is_shown_twice() -> None:
    labels = [event.label for event in lecture.happenings()]
    assert len(labels) - len(set(labels)) == 1


def test_repeated_parts_play_on_without_a_gap(tmp_path: Path) -> None:
    encoding = Encoding(fps=10, gop=10)
    parts = [tmp_path / "1.mp4", tmp_path / "2.mp4"]
    for number, part in enumerate(parts):
        pictures = (np.full((64, 96, 3), 40 + 80 * number + value, np.uint8) for value in range(25))
        encode(part, pictures, encoding)
    repeat(parts, 3, tmp_path / "long.mp4")
    with av.open(str(tmp_path / "long.mp4")) as container:
        frames = [(frame.time, float(frame.to_ndarray(format="gray").mean())) for frame in container.decode(video=0)]
    assert [round(time, 3) for time, _ in frames] == [round(number / 10, 3) for number in range(75)]
    assert frames[30][1] > frames[10][1] + 40
    assert abs(frames[60][1] - frames[10][1]) < 5


def test_a_beginning_ends_with_a_whole_group_of_pictures(tmp_path: Path) -> None:
    beginning(SAMPLES / "yard.mp4", 5, tmp_path / "beginning.mp4")
    with av.open(str(tmp_path / "beginning.mp4")) as short, av.open(str(SAMPLES / "yard.mp4")) as whole:
        shown = [frame.to_ndarray() for frame in short.decode(video=0)]
        assert len(shown) == 6 * yard.FPS
        truth = whole.decode(video=0)
        assert all(np.array_equal(each, next(truth).to_ndarray()) for each in shown)


def test_subtitles_of_a_repeated_part_go_on_counting() -> None:
    later = lecture.subtitles("en", offset=lecture.length(), first=50)
    assert later.startswith("50\n00:05:46,400 --> ")


def test_missing_fonts_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("samples.fonts.LATIN", Path("/nowhere"))
    with pytest.raises(FontsMissing, match="fonts-dejavu-core"):
        require_fonts()
    assert main(["--scene", "lecture"]) == 2
    assert "apt install" in capsys.readouterr().err
