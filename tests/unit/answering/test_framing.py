from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.answering.yard import seconds
from videoqa.answering.framing import COARSEST, LEAST_SIDE, PADDING, longest, sampling, thinned, window, windows
from videoqa.media import ZERO, Sampling, Span

HOUR = timedelta(hours=1)
WANTED = Sampling(period=timedelta(seconds=0.5), long_side=448)
times = st.integers(0, 3_590_000).map(lambda ms: timedelta(milliseconds=ms))
lengths = st.integers(1, 90_000).map(lambda ms: timedelta(milliseconds=ms))


@given(times, lengths)
def test_a_window_holds_its_moment_with_room_on_both_sides(start: timedelta, length: timedelta) -> None:
    moment = Span(start, min(start + length, HOUR))
    shown = window(moment, HOUR)
    room = min(PADDING * moment.length, timedelta(seconds=0.5))
    assert shown.start <= max(moment.start - room, ZERO)
    assert shown.end >= min(moment.end + room, HOUR)
    assert shown.end <= HOUR
    assert shown.length <= max(3 * moment.length, timedelta(seconds=4)) + timedelta(seconds=16)


def test_moments_that_differ_by_less_than_a_second_mostly_share_their_window() -> None:
    random = Random(1)
    shared = 0
    for _ in range(1000):
        start, length = random.uniform(5, 3000), random.uniform(5, 60)
        moment = seconds(start, start + length)
        other = seconds(start + random.uniform(-0.5, 0.5), start + length + random.uniform(-0.5, 0.5))
        shared += window(moment, HOUR) == window(other, HOUR)
    assert shared >= 800


def test_two_questions_over_the_van_share_their_frames() -> None:
    assert window(seconds(150, 158), HOUR) == window(seconds(150.3, 157.2), HOUR) == seconds(148, 160)


@given(times, st.integers(1, 3600), st.integers(32, 400), st.sampled_from([224, 448, 768]))
def test_no_window_is_longer_or_coarser_than_the_index(start: timedelta, length: int, most: int, side: int) -> None:
    wanted = Sampling(period=timedelta(seconds=0.5), long_side=side)
    moment = Span(start, start + timedelta(seconds=length))
    bound = longest(wanted, most)
    shown = windows(moment, 3 * HOUR, bound)
    assert len(shown) <= 2
    assert shown[0].start <= moment.start
    assert shown[-1].end >= moment.end
    for span in shown:
        assert span.length <= bound <= timedelta(seconds=120)
        assert sampling(span, wanted, most)[0].period <= COARSEST


def test_a_short_moment_is_looked_at_at_the_native_rate() -> None:
    shown = window(seconds(10, 10.4), HOUR)
    assert sampling(shown, WANTED, 128)[0].period <= timedelta(milliseconds=40)


def test_a_moment_of_ordinary_length_is_looked_at_as_wanted() -> None:
    assert sampling(window(seconds(62, 93), HOUR), WANTED, 128) == (WANTED, 128)


def test_a_long_moment_is_looked_at_as_coarsely_as_it_takes() -> None:
    shown = window(seconds(0, 900), HOUR)
    taken, most = sampling(shown, WANTED, 128)
    assert (taken.long_side, most) == (WANTED.long_side, 128)
    assert shown.length / taken.period <= 128


@given(lengths, st.integers(8, 400), st.sampled_from([224, 448, 512, 768, 1280]))
def test_frames_are_made_smaller_before_they_are_left_out_and_never_cost_more(
    length: timedelta, most: int, side: int
) -> None:
    wanted = Sampling(period=timedelta(seconds=0.5), long_side=side)
    taken, room = sampling(Span(ZERO, length), wanted, most)
    assert room * taken.long_side**2 <= most * side**2
    assert length / taken.period <= room + 1
    assert taken.long_side >= min(side, LEAST_SIDE)
    assert taken.long_side % taken.multiple == 0
    assert taken.long_side <= side
    if length / wanted.period >= room + 1:
        assert taken.long_side == min(side, LEAST_SIDE)


@pytest.mark.parametrize("most", [1, 2, 7, 100])
def test_of_too_many_frames_the_evenly_spread_ones_are_kept(most: int) -> None:
    every = [timedelta(seconds=number) for number in range(50)]
    kept = thinned(every, most)
    assert len(kept) == min(most, 50)
    assert len(set(kept)) == len(kept)
    assert kept[0] == every[0]
    assert most == 1 or kept[-1] == every[-1]
