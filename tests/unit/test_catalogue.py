"""A recording is found by id, title, or the title's stem."""

from __future__ import annotations

from datetime import timedelta

import pytest

from videoqa.catalogue import resolve
from videoqa.errors import AmbiguousRecording, UnknownRecording
from videoqa.media import Recording, RecordingState


def recording(number: str, title: str) -> Recording:
    return Recording(number, title, f"/footage/{title}", number * 8, timedelta(seconds=1), RecordingState.INDEXED)


ALL = [
    recording("aa", "Lecture 1.mp4"),
    recording("bb", "gate.mp4"),
    recording("cc", "gate.mkv"),
    recording("dd", "aa"),
    recording("ee", "cafe\u0301.mp4"),
]


@pytest.mark.parametrize(
    ("name", "found"),
    [("bb", "bb"), ("gate.mkv", "cc"), ("lecture 1", "aa"), ("GATE.MP4", "bb"), ("aa", "aa"), ("caf\u00e9", "ee")],
)
def test_the_closest_kind_of_match_wins(name: str, found: str) -> None:
    assert resolve(name, ALL).id == found


def test_an_ambiguous_name_lists_the_ids() -> None:
    with pytest.raises(AmbiguousRecording, match="bb, cc"):
        resolve("gate", ALL)


def test_an_unknown_name_says_where_to_look() -> None:
    with pytest.raises(UnknownRecording, match="videoqa list"):
        resolve("nothing", ALL)


def test_not_one_id_of_a_hundred_namesakes_is_cut() -> None:
    namesakes = [recording(f"{number:08x}", "gate.mp4") for number in range(100)]
    with pytest.raises(AmbiguousRecording) as told:
        resolve("gate", namesakes)
    assert all(namesake.id in str(told.value) for namesake in namesakes)


def test_a_part_of_a_title_finds_nothing_but_is_told_whose_it_is() -> None:
    with pytest.raises(UnknownRecording, match=r"did you mean Lecture 1\.mp4\?"):
        resolve("lect", ALL)
