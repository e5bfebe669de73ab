from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analyser.model.pictures import SECOND, at, cue
from videoqa.analyser.budget import pairs
from videoqa.analyser.model.exchange import Clip
from videoqa.analyser.model.form import stamps as shown_over
from videoqa.analyser.model.stamps import Cited, Stamps


def stamps(*seconds: float) -> Stamps:
    shown = pairs(at(*seconds), 2 * SECOND)
    return Stamps(shown, shown_over(Clip(shown, lambda _: b"", (32, 32))))


def test_a_stamp_is_the_true_times_of_its_pair() -> None:
    assert stamps(0, 1, 2, 3, 4).cited(0.5, 2.5) == Cited(at(0, 1, 2, 3), at(4)[0])
    assert stamps(0, 1, 2, 3, 4).cited(4.0, 4.0) == Cited(at(4), None)


def test_behind_a_gap_the_first_frame_that_no_longer_shows_it_is_the_next_there_is() -> None:
    assert stamps(0, 1, 60, 61).cited(0.5, 0.5) == Cited(at(0, 1), at(60)[0])


@pytest.mark.parametrize("number", [1.37, 0.0, 1.0, -0.5, 99.5, 0.52])
def test_a_number_that_is_no_stamp_names_nothing(number: float) -> None:
    assert stamps(0, 1, 2, 3).cited(number, number) is None


def test_the_last_before_the_first_names_nothing() -> None:
    assert stamps(0, 1, 2, 3).cited(2.5, 0.5) is None


def test_of_two_pairs_with_one_stamp_both_are_cited() -> None:
    close = stamps(1.0, 1.01, 1.02, 1.03, 1.2, 1.21)
    assert close.shown == (1.0, 1.0, 1.2)
    assert close.cited(1.0, 1.0) == Cited(at(1.0, 1.01, 1.02, 1.03), at(1.2)[0])


def test_a_stamp_that_a_grammar_wrote_with_seventeen_digits_is_known() -> None:
    assert stamps(11.8, 12.8).cited(12.300000000000001, 12.3) == Cited(at(11.8, 12.8), None)


def test_cues_without_frames_are_cited_by_when_they_begin() -> None:
    spoken = Stamps.of_cues([cue(3, 9, "so"), cue(0, 2, "hello"), cue(3, 4, "well")])
    assert spoken.shown == (0.0, 3.0)
    assert spoken.cited(0.0, 0.0) == Cited(at(0), at(3)[0])


@given(
    st.lists(st.integers(0, 4_000_000), min_size=1, max_size=60, unique=True).map(sorted),
    st.data(),
)
def test_what_is_cited_holds_its_frames_and_ends_behind_them(milliseconds: list[int], data: st.DataObject) -> None:
    every = stamps(*(each / 1_000 for each in milliseconds))
    first = data.draw(st.sampled_from(every.shown))
    last = data.draw(st.sampled_from([stamp for stamp in every.shown if stamp >= first]))
    cited = every.cited(first, last)
    assert cited is not None
    assert set(cited.frames) <= {timedelta(milliseconds=each) for each in milliseconds}
    assert list(cited.frames) == sorted(set(cited.frames))
    assert cited.lasts_until is None or cited.lasts_until > cited.frames[-1]
