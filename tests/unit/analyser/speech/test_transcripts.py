"""A transcript is there whole or is known not to be."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoqa.analyser.speech.heard import TRACK
from videoqa.analyser.speech.transcripts import Transcripts, forget
from videoqa.errors import DataUnwritable, DiskFull
from videoqa.media import Cue, Span

DIGEST = "ab" * 32


def cue(start: float, end: float, text: str, language: str | None = "en") -> Cue:
    return Cue(Span(timedelta(seconds=start), timedelta(seconds=end)), text, language, TRACK)


CUES = (
    cue(1.5, 2.25, "Tom & Jerry <b>say</b> --> hello"),
    cue(3, 4, "红色的面包车", "zh"),
    cue(4000, 4001.001, "&lt;", None),
)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    transcripts = Transcripts(tmp_path / "speech", "whisper")
    assert transcripts.finished(DIGEST) is None
    transcripts.finish(DIGEST, CUES)
    assert transcripts.finished(DIGEST) == CUES
    assert Transcripts(tmp_path / "speech", "another").finished(DIGEST) is None


def test_silence_is_a_transcript_too(tmp_path: Path) -> None:
    Transcripts(tmp_path, "whisper").finish(DIGEST, ())
    assert Transcripts(tmp_path, "whisper").finished(DIGEST) == ()


def test_it_is_webvtt_to_other_programs(tmp_path: Path) -> None:
    Transcripts(tmp_path, "whisper").finish(DIGEST, CUES)
    (path,) = tmp_path.glob("*.vtt")
    assert path.name.startswith(DIGEST)
    assert [(event.start, event.end) for event in pysubs2.load(str(path))] == [
        (1500, 2250),
        (3000, 4000),
        (4_000_000, 4_001_001),
    ]


@given(st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30), max_size=5))
def test_any_line_of_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    transcripts = Transcripts(tmp_path_factory.mktemp("any"), "whisper")
    cues = tuple(cue(number, number + 1, text) for number, text in enumerate(texts))
    transcripts.finish(DIGEST, cues)
    transcripts.add(DIGEST, timedelta(seconds=9), cues)
    assert transcripts.finished(DIGEST) == cues
    assert transcripts.begun(DIGEST) == (timedelta(seconds=9), cues)


def test_what_was_begun_goes_on_behind_its_last_whole_piece(tmp_path: Path) -> None:
    transcripts = Transcripts(tmp_path, "whisper")
    transcripts.add(DIGEST, timedelta(seconds=3), CUES[:1])
    transcripts.add(DIGEST, timedelta(seconds=9), CUES[1:2])
    (part,) = tmp_path.glob("*.part")
    whole = part.read_bytes()
    for length in range(len(whole.splitlines(keepends=True)[0]), len(whole)):
        part.write_bytes(whole[:length])
        assert transcripts.begun(DIGEST) == (timedelta(seconds=3), CUES[:1])
    transcripts.begin(DIGEST, *transcripts.begun(DIGEST))
    transcripts.add(DIGEST, timedelta(seconds=9), CUES[1:2])
    assert transcripts.begun(DIGEST) == (timedelta(seconds=9), CUES[:2])
    assert transcripts.finished(DIGEST) is None


def test_nothing_of_the_beginnings_is_left_when_it_is_whole(tmp_path: Path) -> None:
    transcripts = Transcripts(tmp_path, "whisper")
    transcripts.add(DIGEST, timedelta(seconds=3), CUES[:1])
    transcripts.finish(DIGEST, CUES)
    assert [path.suffix for path in tmp_path.iterdir()] == [".vtt"]


@pytest.mark.parametrize("content", ["", "WEBVTT\n\nnonsense\n", "WEBVTT\n\n00:00:02.000 --> 00:00:01.000\nx\n"])
def test_a_damaged_file_is_none(tmp_path: Path, content: str) -> None:
    transcripts = Transcripts(tmp_path, "whisper")
    transcripts.finish(DIGEST, CUES)
    next(tmp_path.glob("*.vtt")).write_text(content)
    assert transcripts.finished(DIGEST) is None


def test_a_recording_can_be_forgotten(tmp_path: Path) -> None:
    other = "cd" * 32
    for fingerprint in ("whisper", "qwen"):
        Transcripts(tmp_path, fingerprint).finish(DIGEST, CUES)
    Transcripts(tmp_path, "whisper").add(DIGEST, timedelta(seconds=3), CUES)
    Transcripts(tmp_path, "whisper").finish(other, CUES)
    forget(tmp_path, DIGEST)
    assert [path.name[:64] for path in tmp_path.iterdir()] == [other]
    forget(tmp_path / "none", DIGEST)


def test_a_folder_that_cannot_be_written_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "speech").write_text("a file")
    with pytest.raises(DataUnwritable, match="speech"):
        Transcripts(tmp_path / "speech", "whisper").finish(DIGEST, CUES)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull):
        Transcripts(tmp_path / "other", "whisper").finish(DIGEST, CUES)
    monkeypatch.undo()
    assert Transcripts(tmp_path / "other", "whisper").finished(DIGEST) is None
