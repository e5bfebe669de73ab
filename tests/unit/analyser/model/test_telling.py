from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analyser.model.pictures import at
from videoqa.analyser.model.stamps import Stamps
from videoqa.analyser.model.telling import timed

TEXT = "[0.5] A man comes in. [<62.0 seconds>] He sits. [7.7] He flies. [1] [sic] [ and a list[3.14159265358979323846]"
TRUE = "[00:00:00] A man comes in. [00:01:01] He sits.  He flies.  [sic] [ and a list[3.14159265358979323846]"
SHOWN = Stamps((at(0, 1), at(61.4, 62.6)), (0.5, 62.0))


def in_pieces(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)]


@pytest.mark.parametrize("length", [1, 2, 3, 7, 1_000])
def test_stamps_become_times_however_the_text_comes_in(length: int) -> None:
    assert "".join(timed(in_pieces(TEXT, length), SHOWN)) == TRUE


@given(st.text(alphabet="[]0.5 a<>"), st.integers(1, 9))
def test_the_text_is_the_same_in_one_piece_or_many(text: str, length: int) -> None:
    assert "".join(timed(in_pieces(text, length), SHOWN)) == "".join(timed([text], SHOWN))


@given(st.text(alphabet=st.characters(exclude_characters="[")))
def test_text_without_stamps_is_told_as_it_is(text: str) -> None:
    assert "".join(timed(in_pieces(text, 3), SHOWN)) == text


def test_what_is_no_stamp_is_not_kept_waiting() -> None:
    pieces = timed(iter(["A ", "man ", "[0.", "5] "]), SHOWN)
    assert next(pieces) == "A "
    assert next(pieces) == "man "
    assert next(pieces) == "[00:00:00]"
