from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoqa.analyser.budget import Budget, TokenRoom
from videoqa.analyser.grouping import groups
from videoqa.errors import BadSetting
from videoqa.media import Cue, FrameGroup, Span

SIZE = (64, 64)
LENGTH = timedelta(seconds=4_000)
SECOND = timedelta(seconds=1)


def cue(start: float, end: float, text: str = "so this is the chain rule") -> Cue:
    return Cue(Span(timedelta(seconds=start), timedelta(seconds=end)), text)


def planned(times: list[timedelta], cues: list[Cue], context: int = 700, overlap: int = 2) -> tuple[FrameGroup, ...]:
    budget = Budget(context=context, reserved=200)
    return groups(times, cues, LENGTH, lambda: TokenRoom(budget, SIZE), overlap)


times_of_frames = st.lists(st.integers(0, 3_999_000), unique=True, max_size=200).map(
    lambda every: [timedelta(milliseconds=time) for time in sorted(every)]
)
some_cues = st.lists(st.tuples(st.integers(0, 3_999), st.integers(1, 200), st.text(max_size=60)), max_size=40).map(
    lambda every: [cue(start, start + length, text) for start, length, text in sorted(every)]
)


@given(times_of_frames, some_cues)
def test_no_group_is_over_its_budget(times: list[timedelta], cues: list[Cue]) -> None:
    budget = Budget(context=700, reserved=200)
    for group in groups(times, cues, LENGTH, lambda: TokenRoom(budget, SIZE), 2):
        assert budget.cost(group.times, group.cues, SIZE) <= budget.tokens


@given(times_of_frames, some_cues)
def test_every_frame_and_every_cue_is_in_a_group(times: list[timedelta], cues: list[Cue]) -> None:
    plan = planned(times, cues)
    assert {pts for group in plan for pts in group.times} == set(times)
    assert all(any(cue in group.cues for group in plan) for cue in cues)


@given(times_of_frames, some_cues)
def test_groups_follow_one_another_and_leave_nothing_out(times: list[timedelta], cues: list[Cue]) -> None:
    plan = planned(times, cues)
    assert [group.number for group in plan] == list(range(len(plan)))
    if plan:
        assert plan[0].span.start == timedelta(0)
        assert plan[-1].span.end >= LENGTH
    for before, after in pairwise(plan):
        assert before.span.start <= after.span.start <= before.span.end
        assert before.span.end < after.span.end or set(after.cues) - set(before.cues)


@given(times_of_frames)
def test_groups_of_frames_overlap_as_asked(times: list[timedelta]) -> None:
    plan = planned(times, [], context=2_000, overlap=3)
    for before, after in pairwise(plan):
        assert after.times[:3] == before.times[-3:]


@given(times_of_frames, some_cues)
def test_the_same_input_gives_the_same_plan(times: list[timedelta], cues: list[Cue]) -> None:
    assert planned(times, cues) == planned(list(times), list(cues))


def test_a_cue_that_runs_over_a_border_is_in_both_groups() -> None:
    times = [second * SECOND for second in range(120)]
    long = cue(0, 100, "slowly spoken")
    plan = planned(times, [long])
    assert len(plan) > 1
    assert all(long in group.cues for group in plan if group.span.start < long.span.end)


def test_cues_alone_make_groups_where_there_is_no_picture() -> None:
    plan = planned([], [cue(second, second + 5) for second in range(0, 3_000, 5)])
    assert len(plan) > 1
    assert all(not group.times and group.cues for group in plan)


def test_nothing_to_look_at_makes_no_group() -> None:
    assert planned([], []) == ()


def test_a_group_ends_where_the_encoder_cache_does() -> None:
    budget = Budget()
    times = [second * SECOND for second in range(3_600)]
    plan = groups(times, [], timedelta(hours=1), lambda: TokenRoom(budget, (448, 256)), 8)
    assert [len(group.times) for group in plan] == [2_340, 1_268]


def test_a_context_too_small_for_one_frame_is_said_to_be() -> None:
    with pytest.raises(BadSetting, match="VIDEOQA_CONTEXT"):
        planned([timedelta(0)], [], context=210)
