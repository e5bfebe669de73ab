from __future__ import annotations

import re
from collections import Counter as Tally
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoqa.analyser.budget import tokens_of_stamp
from videoqa.analyser.model.counting import StampCounter


class Tokeniser:
    """Counts tokens by ``pattern``, and what it was asked."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self.asked: Tally[str] = Tally()

    def __call__(self, text: str) -> int:
        self.asked[text] += 1
        return len(self._pattern.findall(text))


DIGITWISE = r"[0-9]|[^0-9\s]?[a-z]+|\s[a-z]+|[^\sa-z0-9]"
BYTES = r"(?s)."
BY_THREES = r"[0-9]{1,3}|[^0-9]"
LIKES_ROUND_NUMBERS = r"[0-9]*00|[0-9]|[^0-9]"
times = st.integers(0, 99_999_999).map(lambda milliseconds: timedelta(milliseconds=milliseconds))


@pytest.mark.parametrize("pattern", [DIGITWISE, BYTES, BY_THREES])
@given(moments=st.lists(times, min_size=1, max_size=40))
def test_a_stamp_is_counted_as_the_tokeniser_counts_it(pattern: str, moments: list[timedelta]) -> None:
    tokeniser = Tokeniser(pattern)
    count = StampCounter(tokeniser)
    exact = Tokeniser(pattern)
    assert [count(time) for time in moments] == [exact(f"<{time.total_seconds():.1f} seconds>") for time in moments]


def test_a_tokeniser_that_takes_digit_by_digit_is_asked_about_lengths_alone() -> None:
    tokeniser = Tokeniser(DIGITWISE)
    count = StampCounter(tokeniser)
    for second in range(100_000):
        count(timedelta(seconds=second))
    assert tokeniser.asked.total() < 200


def test_one_that_does_not_is_asked_about_each() -> None:
    tokeniser = Tokeniser(LIKES_ROUND_NUMBERS)
    count = StampCounter(tokeniser)
    assert count(timedelta(seconds=1_234)) == 16
    assert count(timedelta(seconds=1_100)) == 13


@pytest.mark.parametrize("seconds", [0, 9.9, 10, 99.9, 100, 999.9, 1_000, 9_999.9, 10_000, 86_399.9])
def test_the_digits_of_qwen_are_counted_as_its_table_says(seconds: float) -> None:
    """Recorded of Qwen's tokeniser: ``<``, one for each digit and the point, ``seconds`` with its space, ``>``."""
    time = timedelta(seconds=seconds)
    table = {3: 6, 4: 7, 5: 8, 6: 9, 7: 10}
    assert tokens_of_stamp(time) == table[len(f"{seconds:.1f}")]
    assert StampCounter(Tokeniser(DIGITWISE))(time) == tokens_of_stamp(time)
