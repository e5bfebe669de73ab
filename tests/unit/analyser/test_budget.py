from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoqa.analyser.budget import Budget, TokenRoom, pairs, tokens_of_pair, tokens_of_stamp, tokens_of_text
from videoqa.media import Cue, Span

SECOND = timedelta(seconds=1)
moments = st.lists(st.integers(0, 4_000_000), unique=True).map(
    lambda every: [timedelta(milliseconds=time) for time in sorted(every)]
)


@pytest.mark.parametrize(
    ("size", "tokens"), [((448, 256), 112), ((640, 352), 220), ((768, 448), 336), ((1280, 720), 880)]
)
def test_a_pair_costs_what_the_model_card_says(size: tuple[int, int], tokens: int) -> None:
    assert tokens_of_pair(size) == tokens


@pytest.mark.parametrize(
    ("seconds", "tokens"), [(0, 6), (9.9, 6), (9.96, 7), (12.5, 7), (123, 8), (9_999, 9), (10_000, 10)]
)
def test_a_stamp_costs_a_token_for_every_digit(seconds: float, tokens: int) -> None:
    assert tokens_of_stamp(timedelta(seconds=seconds)) == tokens


@pytest.mark.parametrize(
    ("size", "context", "seconds"),
    [((448, 256), 32_768, 504), ((640, 352), 131_072, 1120), ((768, 448), 262_144, 1502), ((1280, 704), 262_144, 584)],
)
def test_as_many_seconds_fit_as_were_measured_on_a_server(size: tuple[int, int], context: int, seconds: int) -> None:
    room = TokenRoom(Budget(context=context, longest_edge=2**29), size)
    fitting = 0
    while room.takes_frame(fitting * SECOND):
        fitting += 1
    assert fitting == seconds


def test_the_encoder_cache_caps_a_group_below_the_context() -> None:
    room = TokenRoom(Budget(context=262_144, longest_edge=25_165_824), (768, 448))
    fitting = 0
    while room.takes_frame(fitting * SECOND):
        fitting += 1
    assert fitting == 2 * (12_288 // 336)


def test_no_pair_straddles_a_gap() -> None:
    times = [second * SECOND for second in (0, 1, 2, 60, 61)]
    assert pairs(times, within=2 * SECOND) == (
        (times[0], times[1]),
        (times[2], times[2]),
        (times[3], times[4]),
    )


@given(moments)
def test_every_frame_is_in_a_pair_and_none_is_out_of_order(times: list[timedelta]) -> None:
    shown = pairs(times, within=2 * SECOND)
    flat = [pts for pair in shown for pts in pair]
    assert flat == sorted(flat)
    assert sorted(set(flat)) == times
    assert all(second - first <= 2 * SECOND for first, second in shown)


@given(moments, st.integers(1_000, 20_000))
def test_what_a_room_takes_costs_no_more_than_the_budget(times: list[timedelta], context: int) -> None:
    budget = Budget(context=context, reserved=200)
    room = TokenRoom(budget, (64, 64))
    taken: list[timedelta] = []
    cues: list[Cue] = []
    for pts in times:
        if not room.takes_frame(pts):
            break
        taken.append(pts)
        cue = Cue(Span(pts, pts + SECOND), "the chain rule, step by step: 1, 2, 3")
        if not room.takes_cue(cue):
            break
        cues.append(cue)
    assert budget.cost(taken, cues, (64, 64)) <= budget.tokens


def test_text_is_never_counted_short_of_what_tokenisers_need() -> None:
    assert tokens_of_text("gradient descent") >= 3
    assert tokens_of_text("反向传播") >= 4
    assert tokens_of_text("12345") >= 5
