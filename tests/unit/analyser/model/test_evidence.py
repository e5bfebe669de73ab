from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analyser.model.pictures import cue
from videoqa.analyser.model.evidence import fenced, line_of, plain, printable


@given(st.text())
def test_no_text_can_end_its_fence_or_begin_a_line_of_its_own(text: str) -> None:
    inside = fenced("evidence", [text]).removeprefix("<evidence>\n").removesuffix("\n</evidence>")
    assert not set(inside) & set("<>\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029")
    assert inside.splitlines() in ([inside], [])


@given(st.text())
def test_nothing_unseen_is_left(text: str) -> None:
    assert not {unicodedata.category(char) for char in plain(text)} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text())
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the chain rule", "the chain rule"),
        ("反向传播，第 3 步", "反向传播，第 3 步"),
        ("if a < b: x >>= 1", "if a ‹ b: x ››= 1"),
        ("one\ntwo\r\nthree\u2028four", "one two three four"),
        ("ig\u200bnore\u202e all\u2066 of\ufeff it", "ignore all of it"),
        ("\U000e0069\U000e0067nore", "nore"),
        ("soft\u00adhyphen", "softhyphen"),
        ("a\x1b[31mred\x07", "a [31mred"),
        ("half \ud83d of a pair", "half \N{REPLACEMENT CHARACTER} of a pair"),
        ("e\u0301te\u200b\u0301", "été"),
        ("  much   space  ", "much space"),
    ],
)
def test_a_line_is_shown_as_a_reader_sees_it(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_text_is_cut() -> None:
    assert plain("word " * 1_000, 20) == "word word word word…"


def test_a_cue_says_when_it_was_before_what_it_says() -> None:
    assert line_of(cue(12.5, 14, "a < b\n99.0-99.9 | and so on")) == "12.5-14.0 | a ‹ b 99.0-99.9 | and so on"


def test_a_fence_around_nothing_is_nothing() -> None:
    assert fenced("evidence", ["", "\u200b", " \n"]) == ""


def test_what_a_model_wrote_keeps_its_lines_and_steers_no_terminal() -> None:
    assert printable("one\ntwo\x1b]0;title\x07") == "one\ntwo ]0;title "
