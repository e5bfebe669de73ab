from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sampling import size_of as size_of_survey
from videoqa.analyser.budget import Budget, TokenRoom
from videoqa.analyser.model.fitting import LEAST_SIDE, LONGEST_PERIOD, Detail, fitted, pairing, size_of
from videoqa.media import Sampling

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)


def grid(sampling: Sampling, shown: timedelta) -> list[timedelta]:
    return [sampling.period * number for number in range(-(-shown // sampling.period))]


def test_what_fits_is_left_as_it_is_wanted() -> None:
    wanted = Sampling(SECOND, long_side=448)
    for detail in Detail:
        assert fitted(wanted, Budget(context=32_768), timedelta(minutes=2), detail) == wanted


def test_the_detail_wanted_gives_way_last() -> None:
    wanted, budget, shown = Sampling(SECOND / 2, long_side=768), Budget(context=32_768), timedelta(minutes=5)
    motion, picture, even = (fitted(wanted, budget, shown, detail) for detail in Detail)
    assert motion.period == wanted.period
    assert motion.long_side < wanted.long_side
    assert picture.long_side == wanted.long_side
    assert picture.period > wanted.period
    assert motion.long_side < even.long_side < picture.long_side
    assert motion.period < even.period < picture.period


def test_two_hours_fit_one_request_of_256k() -> None:
    budget = Budget()
    sampling = fitted(Sampling(SECOND, long_side=448), budget, 2 * HOUR)
    assert sampling.period <= 2 * SECOND
    assert sampling.long_side >= 320
    assert pairing(budget, sampling).holds(grid(sampling, 2 * HOUR), (), size_of(sampling, (16, 9)))


def test_a_day_fits_no_request_and_gets_the_coarsest() -> None:
    sampling = fitted(Sampling(), Budget(context=32_768), 24 * HOUR)
    assert (sampling.long_side, sampling.period) == (LEAST_SIDE, LONGEST_PERIOD)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(Sampling, st.integers(200, 4_000).map(MILLISECOND.__mul__), st.integers(7, 40).map(lambda n: 32 * n)),
    st.builds(Budget, context=st.integers(4_000, 262_144), paired=st.booleans()),
    st.integers(10, 7_200).map(SECOND.__mul__),
    st.sampled_from(Detail),
    st.sampled_from([(16, 9), (4, 3), (9, 16), (1, 1)]),
)
def test_what_is_chosen_fits_or_is_the_coarsest(
    wanted: Sampling, budget: Budget, length: timedelta, detail: Detail, shape: tuple[int, int]
) -> None:
    chosen = fitted(wanted, budget, length, detail, shape)
    fits = pairing(budget, chosen).holds(grid(chosen, length), (), size_of(chosen, shape))
    coarsest = chosen.long_side == min(wanted.long_side, LEAST_SIDE) and chosen.period == LONGEST_PERIOD
    assert fits or coarsest
    assert chosen.long_side <= wanted.long_side
    assert chosen.period >= wanted.period


@pytest.mark.parametrize("shape", [(1920, 1080), (1080, 1920), (1280, 960), (3840, 1600)])
@pytest.mark.parametrize("side", [224, 448, 768])
def test_sizes_are_those_of_the_survey(shape: tuple[int, int], side: int) -> None:
    sampling = Sampling(long_side=side)
    assert size_of(sampling, shape) == size_of_survey(*shape, sampling)


def test_sparse_frames_are_paired_where_nothing_is_missing_between_them() -> None:
    sampling = Sampling(4 * SECOND, long_side=448)
    room, lone = TokenRoom(pairing(Budget(), sampling), (448, 256)), TokenRoom(Budget(), (448, 256))
    counts = []
    for each in (room, lone):
        taken = 0
        while each.takes_frame(taken * sampling.period):
            taken += 1
        counts.append(taken)
    assert counts == [2_340, 1_170]
