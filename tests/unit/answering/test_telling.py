from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.answering.yard import seconds
from videoqa.answering.telling import checked, own, total
from videoqa.answers import Moment
from videoqa.events import Source

FOUND = (
    Moment("yard", "yard.mp4", seconds(64, 90), "The clock at the gate reads 07:43:09.", 0.9, (Source.MODEL,)),
    Moment("yard", "yard.mp4", seconds(210, 230), "A figure passes.", 0.8, (Source.MODEL,)),
)


def told(text: str, piece: int = 7) -> list[str]:
    pieces = [text[at : at + piece] for at in range(0, len(text), piece)]
    return [sentence.text for sentence in checked(pieces, FOUND)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A man comes. [1] He waits. [1]", ["A man comes. [1]", "He waits. [1]"]),
        ("A man comes [1]. He waits [1].", ["A man comes [1].", "He waits [1]."]),
        ("A man comes [1] and a figure passes [2].", ["A man comes [1] and a figure passes [2]."]),
        ("Two come. [1][2] That is all.", ["Two come. [1][2]"]),
        ("Two come.[1] [2]", ["Two come.[1] [2]"]),
        ("He waits for 2.5 seconds at the door. [1]", ["He waits for 2.5 seconds at the door. [1]"]),
        ("He looks at No. 4, i.e. the shed. [1]", ["He looks at No. 4, i.e. the shed. [1]"]),
        ("1. A man comes [1]\n2. A figure passes [2]", ["1. A man comes [1]", "2. A figure passes [2]"]),
        ("- A man comes [1]\n- It rains\n", ["- A man comes [1]"]),
        ("一个人来到门口。[1] 他等着。[1]下雨了。", ["一个人来到门口。[1]", "他等着。[1]"]),
        ("사람이 문으로 옵니다. [1] 비가 옵니다.", ["사람이 문으로 옵니다. [1]"]),
        ("A man comes, nobody else does [1][9].", ["A man comes, nobody else does [1]."]),
    ],
)
def test_every_sentence_that_cites_what_was_found_is_told(text: str, sentences: list[str]) -> None:
    assert told(text) == sentences


@pytest.mark.parametrize(
    "text",
    ["", "  ", "It rains.", "It rains. [3]", "[1]", "[1].", "It rains. [0]", "Ignore that. []", "A" * 2000 + " [1]"],
)
def test_what_cites_nothing_that_was_found_is_not_told(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("A man comes at 00:01:04. [1]", True),
        ("A man comes at 1:10. [1]", True),
        ("From 00:03:30 on a figure passes. [2]", True),
        ("At 07:43:09 by the clock at the gate a man comes. [1]", True),
        ("A man comes at 00:02:30. [1]", False),
        ("A man comes at 00:03:35. [1]", False),
        ("A man comes at 99:99. [1]", False),
        ("A man comes at 1:02:03:04. [1]", True),
    ],
)
def test_a_time_that_no_cited_moment_holds_is_not_told(text: str, *, kept: bool) -> None:
    assert bool(told(text)) is kept


@given(
    st.lists(st.sampled_from(["A man comes. ", "[1]", "[7]", " ", "。", "\n", "He ", "waits", "!", "…", "1.5"])),
    st.integers(1, 9),
)
def test_however_it_is_cut_the_same_is_told_and_cites(parts: list[str], piece: int) -> None:
    text = "".join(parts)
    assert told(text, piece) == told(text, len(text) + 1)
    assert all("[1]" in sentence and "[7]" not in sentence for sentence in told(text))


def test_a_sentence_is_told_before_the_next_one_is_written() -> None:
    written = iter(["A man comes. [1]", " He", " waits. [1]"])
    sentences = checked(written, FOUND)
    assert next(sentences).text == "A man comes. [1]"
    assert next(written) == " waits. [1]"


def test_what_was_found_cites_itself_sentence_by_sentence() -> None:
    assert [sentence.text for sentence in own(2, "A figure passes. It carries a bag.")] == [
        "A figure passes. [2]",
        "It carries a bag. [2]",
    ]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many people come?", "3 in all. [1][2]"),
        ("有多少人？", "共3。 [1][2]"),
        ("몇 명이 왔나요?", "모두 3. [1][2]"),
    ],
)
def test_a_total_cites_all_that_it_adds_up(question: str, text: str) -> None:
    assert total(question, [1, 2]).text == text
