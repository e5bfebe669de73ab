"""Subtitle files that were brought for a recording, on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.cues import SidecarCues
from ingest.sidecars import LARGEST, MOST_FILES, language_of
from ingest.subtitles import KeptSubtitles
from videoqa.errors import BadSubtitles, DiskFull, SubtitlesTooLarge, UnknownSubtitles


def lines(text: str) -> bytes:
    return f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode()


@pytest.fixture
def kept(tmp_path: Path) -> KeptSubtitles:
    return KeptSubtitles(tmp_path, reserve=0)


def names(kept: KeptSubtitles, recording_id: str = "a1") -> list[str]:
    return [file.name for file in kept.files(recording_id)]


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("talk.srt", None),
        ("talk.en.srt", "en"),
        ("talk.1.2.pt_BR.sdh.vtt", "pt-BR"),
        ("zh.srt", "zh"),
        ("lecture 1.2.srt", None),
        ("forced.srt", None),
    ],
)
def test_a_name_says_its_language(name: str, language: str | None) -> None:
    assert language_of(name) == language


def test_one_file_a_language_is_kept(kept: KeptSubtitles) -> None:
    assert kept.put("a1", "talk.en.srt", lines("hello"))
    assert kept.put("a1", "talk.zh.vtt", lines("你好"))
    assert names(kept) == ["talk.en.srt", "talk.zh.vtt"]
    assert kept.put("a1", "better.en.vtt", lines("hello again"))
    assert names(kept) == ["better.en.vtt", "talk.zh.vtt"]
    assert kept.content("a1", "better.en.vtt") == lines("hello again")
    assert names(kept, "a2") == []


def test_the_word_changes_with_the_files_and_only_with_them(kept: KeptSubtitles) -> None:
    words = [kept.word("a1")]
    for change in (
        lambda: kept.put("a1", "talk.srt", lines("hello")),
        lambda: kept.put("a1", "talk.srt", lines("other")),
        lambda: kept.put("a1", "talk.en.srt", lines("other")),
        lambda: kept.drop("a1", "talk.srt"),
    ):
        change()
        words.append(kept.word("a1"))
    assert words[0] == ""
    assert len(set(words)) == len(words)
    assert not kept.put("a1", "talk.en.srt", lines("other")), "the very same"
    assert kept.word("a1") == words[-1]


@pytest.mark.parametrize(
    "name",
    [
        "talk.ass",
        "talk",
        "",
        ".srt",
        "../talk.srt",
        "a/b.srt",
        "a\\b.srt",
        "a\nb.srt",
        "\ud800.srt",
        "x" * 260 + ".srt",
    ],
)
def test_what_is_not_called_like_subtitles_is_refused(kept: KeptSubtitles, name: str) -> None:
    with pytest.raises(BadSubtitles, match=r"\.srt or \.vtt"):
        kept.put("a1", name, lines("hello"))
    assert names(kept) == []


@pytest.mark.parametrize(
    "content", [b"", b"no times at all", bytes(range(256)) * 200], ids=["empty", "prose", "binary"]
)
def test_what_cannot_be_read_is_refused(kept: KeptSubtitles, content: bytes) -> None:
    with pytest.raises(BadSubtitles, match="no line of it has a time and words"):
        kept.put("a1", "talk.srt", content)
    assert names(kept) == []


def test_what_is_too_large_is_refused(kept: KeptSubtitles) -> None:
    with pytest.raises(SubtitlesTooLarge, match=str(LARGEST)):
        kept.put("a1", "talk.srt", lines("a" * LARGEST))


def test_no_more_than_can_be_read_are_kept(kept: KeptSubtitles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.subtitles.MOST_FILES", 2)
    assert MOST_FILES > 2
    kept.put("a1", "en.srt", lines("a"))
    kept.put("a1", "de.srt", lines("a"))
    with pytest.raises(BadSubtitles, match="2 of them"):
        kept.put("a1", "fr.srt", lines("a"))
    assert kept.put("a1", "other.de.srt", lines("b")), "in the place of another"


def test_a_disk_that_is_nearly_full_takes_none(tmp_path: Path) -> None:
    with pytest.raises(DiskFull):
        KeptSubtitles(tmp_path, reserve=2**60).put("a1", "talk.srt", lines("hello"))


@pytest.mark.parametrize("name", ["other.srt", "../a2/talk.srt", ".new", ""])
def test_what_was_not_brought_is_not_there(kept: KeptSubtitles, name: str) -> None:
    kept.put("a2", "talk.srt", lines("hello"))
    kept.put("a1", "talk.srt", lines("hello"))
    for attempt in (kept.content, kept.drop):
        with pytest.raises(UnknownSubtitles):
            attempt("a1", name)


def test_what_is_forgotten_leaves_nothing_behind(kept: KeptSubtitles, tmp_path: Path) -> None:
    for recording in ("a1", "a2", "a3"):
        kept.put(recording, "talk.srt", lines("hello"))
    kept.forget("a1")
    kept.forget("a1")
    assert kept.clear(lambda: {"a2"}) == 1
    assert [path.name for path in (tmp_path / "subtitles").glob("[!.]*")] == ["a2"]


def test_what_was_brought_goes_before_what_lies_beside(kept: KeptSubtitles, tmp_path: Path) -> None:
    (tmp_path / "talk.en.srt").write_bytes(lines("beside"))
    (tmp_path / "talk.zh.srt").write_bytes(lines("旁边"))
    kept.put("a1", "other.en.srt", lines("brought"))
    cues, problems = SidecarCues(kept).beside(str(tmp_path / "talk.mp4"), "a1")
    assert {(cue.language, cue.text, cue.track) for cue in cues} == {
        ("en", "brought", "other.en.srt"),
        ("zh", "旁边", "talk.zh.srt"),
    }
    assert problems == ()


def test_what_lies_beside_a_file_is_kept_for_the_recording(kept: KeptSubtitles, tmp_path: Path) -> None:
    (tmp_path / "talk.en.srt").write_bytes(lines("beside"))
    (tmp_path / "talk.zh.srt").write_bytes(b"nothing")
    reader = SidecarCues(kept)
    (problem,) = reader.bring(str(tmp_path / "talk.mp4"), "a1")
    assert problem.startswith("talk.zh.srt: ")
    assert [cue.text for cue in reader.beside("/nowhere/x.mp4", "a1")[0]] == ["beside"]
