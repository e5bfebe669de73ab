from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoqa.analyser.budget import (
    Budget,
    TokenRoom,
    pairs,
    tokens_of_image,
    tokens_of_pair,
    tokens_of_stamp,
    tokens_of_text,
)
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


SECONDS_THAT_FIT = {
    (448, 256): ((504, 252), (2_106, 1_057), (4_238, 2_123)),
    (640, 352): ((266, 134), (1_120, 561), (2_256, 1_130)),
    (768, 448): ((176, 89), (746, 373), (1_502, 752)),
    (1280, 704): ((68, 34), (290, 145), (584, 292)),
}


@pytest.mark.parametrize("size", SECONDS_THAT_FIT)
@pytest.mark.parametrize(("place", "context"), list(enumerate([32_768, 131_072, 262_144])))
@pytest.mark.parametrize("a_second", [1, 2])
def test_as_many_seconds_fit_as_were_reckoned_for_the_model(
    size: tuple[int, int], place: int, context: int, a_second: int
) -> None:
    room = TokenRoom(Budget(context=context, longest_edge=2**29), size)
    fitting = 0
    while room.takes_frame(fitting * SECOND / a_second):
        fitting += 1
    assert abs(fitting / a_second - SECONDS_THAT_FIT[size][place][a_second - 1]) <= 2


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


@given(moments, st.integers(1_000, 20_000), st.booleans(), st.sampled_from([64, 4_000, 2**29]))
def test_what_a_room_takes_costs_no_more_than_the_budget(
    times: list[timedelta], context: int, paired: bool, vision: int
) -> None:
    budget = Budget(context=context, reserved=200, longest_edge=2_048 * vision, paired=paired)
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
    assert budget.holds(taken, cues, (64, 64))


@given(moments, st.booleans())
def test_a_room_takes_all_that_the_budget_holds(times: list[timedelta], paired: bool) -> None:
    budget = Budget(context=1_500, reserved=200, paired=paired)
    room = TokenRoom(budget, (64, 64))
    for number, pts in enumerate(times, 1):
        if not room.takes_frame(pts):
            assert not budget.holds(times[:number], (), (64, 64))
            break


def test_frames_sent_as_images_cost_their_tokens_each() -> None:
    times = [number * SECOND for number in range(10)]
    video, images = Budget(), Budget(paired=False)
    assert video.cost(times, (), (448, 256)) == 5 * (112 + 2 + 6) + 2
    assert images.cost(times, (), (448, 256)) == 5 * (2 * (112 + 2) + 6)


@pytest.mark.parametrize(
    ("size", "tokens"), [((448, 256), 112), ((256, 256), 64), ((64, 64), 64), ((320, 160), 72), ((32, 320), 78)]
)
def test_small_pictures_sent_as_images_are_enlarged(size: tuple[int, int], tokens: int) -> None:
    assert tokens_of_image(size) == tokens


def test_text_is_never_counted_short_of_what_tokenisers_need() -> None:
    assert tokens_of_text("gradient descent") >= 3
    assert tokens_of_text("反向传播") >= 4
    assert tokens_of_text("12345") >= 5
    assert tokens_of_text("ATTENTION") >= 5
    assert tokens_of_text("🎒🦺") >= 6
