from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.cues import SidecarCues
from ingest.sidecars import LARGEST
from tests.needs import dev_data
from videoqa.media import Cue

LINE = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"


def beside(folder: Path, recording: str = "talk.mp4", **sidecars: str) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
    (folder / recording).touch()
    for name, text in sidecars.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_text(LINE.format(text))
    return SidecarCues().beside(str(folder / recording))


def test_a_sidecar_of_the_same_stem_is_read(tmp_path: Path) -> None:
    (cue,), problems = beside(tmp_path, talk__srt="hello")
    assert (cue.text, cue.language, cue.track) == ("hello", None, "talk.srt")
    assert (cue.span.start, cue.span.end) == (timedelta(seconds=1), timedelta(seconds=2))
    assert problems == ()


def test_every_language_is_kept_with_its_name(tmp_path: Path) -> None:
    cues, _ = beside(
        tmp_path, talk__srt="hello", talk__zh__srt="你好", talk__en_US__vtt="howdy", talk__pt_BR__sdh__srt="olá"
    )
    assert {cue.language: cue.text for cue in cues} == {None: "hello", "zh": "你好", "en-US": "howdy", "pt-BR": "olá"}


def test_the_same_language_twice_is_read_once(tmp_path: Path) -> None:
    cues, _ = beside(tmp_path, talk__srt="hello", talk__vtt="hello again")
    assert [cue.text for cue in cues] == ["hello"]


def test_the_subtitles_of_another_recording_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "talk.en.mp4").touch()
    cues, _ = beside(tmp_path, talk__en__srt="another", talks__srt="another", talk__part2__srt="another")
    assert cues == ()
    (cue,), _ = SidecarCues().beside(str(tmp_path / "talk.en.mp4"))
    assert cue.text == "another"


def test_endings_are_known_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "talk.SRT").write_text(LINE.format("hello"))
    assert [cue.text for cue in beside(tmp_path)[0]] == ["hello"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no line of it has a time and words"),
        (b"\x89PNG" + bytes(range(256)) * 8_000, "no line of it has a time and words"),
        (b"a" * (LARGEST + 1), "larger than 4 MiB"),
    ],
    ids=["empty", "picture", "large"],
)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "talk.srt").write_bytes(content)
    cues, (problem,) = beside(tmp_path, talk__en__srt="hello")
    assert [cue.text for cue in cues] == ["hello"]
    assert problem.startswith("talk.srt: The subtitles cannot be read")
    assert said in problem


def test_impossible_times_are_counted_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_text("1\n00:00:05,000 --> 00:00:00,000\nhello\n")
    (cue,), problems = beside(tmp_path)
    assert cue.span.end > cue.span.start
    assert problems == ("talk.srt: 1 of 1 subtitles had impossible times, which were set right",)


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")
def test_a_pipe_named_like_subtitles_holds_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "talk.srt")
    assert beside(tmp_path)[0] == ()


def test_a_folder_named_like_subtitles_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").mkdir()
    cues, problems = beside(tmp_path)
    assert cues == ()
    assert len(problems) == 1


def test_a_recording_in_no_folder_has_no_subtitles() -> None:
    assert SidecarCues().beside("/nowhere/at all/talk.mp4") == ((), ())


@pytest.mark.parametrize(
    ("name", "language", "cues", "odd"),
    [("cs231n_2.srt", None, 1_429, 1), ("cs231n_2.ko.srt", "ko", 567, 0), ("ng_18_3.srt", None, 510, 1)],
)
def test_real_transcripts_are_read_whole(tmp_path: Path, name: str, language: str | None, cues: int, odd: int) -> None:
    (tmp_path / name).write_bytes(dev_data(f"lectures/{name}").read_bytes())
    found, problems = SidecarCues().beside(str(tmp_path / f"{name.partition('.')[0]}.mp4"))
    assert len(found) == cues
    assert {cue.language for cue in found} == {language}
    assert len(problems) == min(odd, 1)
