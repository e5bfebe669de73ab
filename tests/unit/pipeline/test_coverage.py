"""Coverage tells what was looked at from what was not."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from videoqa.media import Coverage, CoverageState, Cue, Span
from videoqa.pipeline.coverage import covered, total, unseen
from videoqa.ports import Surveyed, Unread


def s(number: float) -> timedelta:
    return timedelta(seconds=number)


def seen(kept: tuple[float, ...] = (), static: tuple[float, ...] = (), unread: tuple[Unread, ...] = ()) -> Surveyed:
    return Surveyed(tuple(map(s, kept)), tuple(map(s, static)), (), unread, (64, 32))


def test_static_footage_is_not_said_to_be_analysed() -> None:
    found = covered(seen(kept=(0, 5), static=(1, 2, 3, 4)), s(6), s(1))
    assert found.analysed == s(2)
    assert found.total(CoverageState.STATIC) == s(4)
    assert [item.frames for item in found.spans] == [1, 0, 1]


def test_what_lies_before_the_first_picture_is_a_gap() -> None:
    found = covered(seen(kept=(2,)), s(3), s(1))
    assert [(item.span, item.state) for item in found.spans] == [
        (Span(s(0), s(2)), CoverageState.GAP),
        (Span(s(2), s(3)), CoverageState.ANALYSED),
    ]


def test_an_instant_does_not_speak_for_a_hole_behind_it() -> None:
    hole = Unread(Span(s(1), s(60)), "the footage holds nothing there", failed=False)
    found = covered(seen(kept=(0, 60), unread=(hole,)), s(61), s(1))
    assert found.total(CoverageState.GAP) == s(59)


def test_a_picture_that_stands_for_long_was_looked_at_all_the_while() -> None:
    found = covered(seen(kept=(0, 20, 40, 41)), s(60), s(1))
    assert found.analysed == s(60)


def test_the_last_picture_does_not_speak_for_sound_that_goes_on_behind_it() -> None:
    found = covered(seen(kept=(0, 1, 2)), s(100), s(1))
    assert found.total(CoverageState.GAP) == s(96)


def test_damage_and_failed_groups_win_over_the_instants_in_them() -> None:
    damage = Unread(Span(s(2), s(3)), "damaged", failed=True)
    found = covered(seen(kept=(0, 1, 2, 3, 4), unread=(damage,)), s(5), s(1), failed=[Span(s(4), s(5))])
    assert found.total(CoverageState.FAILED) == s(2)
    assert found.analysed == s(3)


def test_a_cue_counts_where_there_is_no_picture_and_not_where_there_is_one() -> None:
    cues = [Cue(Span(s(0), s(4)), "hello")]
    assert covered(seen(), s(10), s(1), cues).analysed == s(4)
    assert covered(seen(static=(0, 1, 2, 3)), s(4), s(1), cues).analysed == s(0)


def test_nobody_saw_what_is_unread_or_was_dropped_and_what_is_static_was_seen() -> None:
    damage = Unread(Span(s(6), s(8)), "damaged", failed=True)
    surveyed = Surveyed((s(0), s(5), s(8)), (s(1), s(4)), (s(2), s(3), s(9)), (damage,), (64, 32))
    assert unseen(surveyed) == (Span(s(2), s(4)), Span(s(6), s(8)), Span(s(9), s(9.001)))
    assert unseen(seen(kept=(0, 5), static=(1, 2, 3, 4))) == ()


def test_a_sum_is_as_long_as_its_parts() -> None:
    one = covered(seen(kept=(0,)), s(2), s(1))
    other = covered(seen(static=(0, 1)), s(3), s(1))
    both = total([one, other])
    assert both.length == s(5)
    assert both.analysed == one.analysed
    assert total([]) == Coverage(s(0))


times = st.integers(0, 40).map(lambda number: s(number / 2))


@given(st.sets(times), st.sets(times), st.integers(1, 30), st.lists(st.tuples(times, times), max_size=4))
def test_every_moment_is_told_of_exactly_once(
    kept: set[timedelta], static: set[timedelta], length: int, holes: list[tuple[timedelta, timedelta]]
) -> None:
    surveyed = Surveyed(
        tuple(sorted(kept)),
        tuple(sorted(static - kept)),
        (),
        tuple(Unread(Span(min(a, b), max(a, b)), "", failed=True) for a, b in holes if a != b),
        None,
    )
    found = covered(surveyed, s(length), s(1))
    assert found.spans[0].span.start == s(0)
    assert found.spans[-1].span.end == s(length)
    assert all(one.span.end == other.span.start for one, other in pairwise(found.spans))
    assert all(one.state is not other.state for one, other in pairwise(found.spans))
    assert sum((found.total(state) for state in CoverageState), s(0)) == s(length)
