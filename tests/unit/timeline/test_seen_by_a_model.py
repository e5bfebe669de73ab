"""Which of what a model saw is the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.timeline.test_timeline import plan, spans, told
from videoqa.events import Observation, Source
from videoqa.media import FrameGroup, Span
from videoqa.ports import Analysis, AnalysisKind
from videoqa.timeline.timeline import EventTimeline
from videoqa.timeline.wording import Wording


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def analysis(*groups: tuple[int, int]) -> Analysis:
    """Groups of one frame a second, each from its first frame to its last one."""
    planned = tuple(
        FrameGroup(number, Span(s(first), s(last + 1)), tuple(map(s, range(first, last + 1))))
        for number, (first, last) in enumerate(groups)
    )
    return replace(plan(0, 1), groups=planned, kind=AnalysisKind.MODEL, seen_by="a model")


def saw(label: str, first: int, last: int, until: int | None, text: str = "") -> Observation:
    """Seen in the frames of ``first`` to ``last``; ``until`` is the first one without it."""
    frames = tuple(map(s, range(first, last + 1)))
    return Observation(label, text, Source.MODEL, frames, lasts_until=None if until is None else s(until))


OVERLAPPING = analysis((0, 9), (8, 17), (16, 25))


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("red car", "a car, red"),
        ("red car", "Red Cars."),
        ("red car", "car"),
        ("a man walks", "person walking"),
        ("红色汽车", "一辆红色的汽车"),
        ("行人走过", "一个行人正在走过"),
        ("grey sedan", "silver automobile"),
    ],
)
def test_the_same_in_other_words_is_one_event(first: str, again: str) -> None:
    events, _ = told(OVERLAPPING, [saw(first, 5, 9, None)], [saw(again, 8, 12, 13)], [])
    assert spans(events) == [(5, 13)]
    assert [event.seen_by for event in events.values()] == ["a model"]


@pytest.mark.parametrize(
    ("first", "again"),
    [("red car", "blue car"), ("红色汽车", "蓝色汽车"), ("bus 12", "bus 15"), ("dog", "car"), ("person", "truck")],
)
def test_different_things_in_the_same_frames_stay_two(first: str, again: str) -> None:
    events, _ = told(OVERLAPPING, [saw(first, 5, 9, None)], [saw(again, 8, 12, 13)], [])
    assert spans(events) == [(5, 10), (8, 13)]


def test_what_stands_in_the_shared_frames_is_known_by_its_description() -> None:
    told_of = "Somebody in a yellow vest carries a ladder across the yard."
    events, _ = told(
        OVERLAPPING,
        [saw("worker carries ladder", 5, 9, None, told_of)],
        [saw("ladder moved", 8, 12, 13, "A worker in a yellow vest carries a ladder over the yard.")],
        [],
    )
    assert spans(events) == [(5, 13)]


def test_two_cars_at_once_stay_two_over_the_border() -> None:
    left, right = "It stands at the left wall.", "It drives along the fence to the right."
    events, _ = told(
        OVERLAPPING,
        [saw("red car", 2, 9, None, left), saw("red car", 4, 9, None, right)],
        [saw("red car", 8, 16, 17, right), saw("red car", 8, 10, 11, left)],
        [],
    )
    assert {event.description: event.span for event in events.values()} == {
        left: Span(s(2), s(11)),
        right: Span(s(4), s(17)),
    }


def test_two_cars_at_once_in_the_same_words_stay_two() -> None:
    events, _ = told(OVERLAPPING, [saw("red car", 2, 5, 6), saw("red car", 4, 7, 8)], [], [])
    assert spans(events) == [(2, 6), (4, 8)]


def test_two_cars_in_the_same_words_are_told_apart_by_the_shared_frames() -> None:
    events, _ = told(
        OVERLAPPING,
        [saw("red car", 2, 9, None), saw("red car", 4, 8, 9)],
        [saw("red car", 8, 8, 9), saw("red car", 8, 16, 17)],
        [],
    )
    assert spans(events) == [(2, 17), (4, 9)]


def test_what_is_away_for_a_moment_is_one_event_and_for_longer_two() -> None:
    for back, expected in ((7, [(2, 10)]), (8, [(2, 5), (8, 10)])):
        events, _ = told(OVERLAPPING, [saw("dog", 2, 4, 5), saw("dog", back, 9, None)], [saw("dog", 8, 9, 10)], [])
        assert spans(events) == expected


def test_what_comes_back_behind_a_group_without_it_is_known_again_within_the_patience() -> None:
    events, _ = told(
        analysis((0, 9), (9, 11), (11, 20)), [saw("dog", 2, 9, None)], [saw("dog", 9, 9, 10)], [saw("dog", 12, 14, 15)]
    )
    assert spans(events) == [(2, 15)]
    events, _ = told(analysis((0, 9), (10, 11), (12, 20)), [saw("dog", 2, 9, None)], [], [saw("dog", 12, 14, 15)])
    assert spans(events) == [(2, 15)]


def test_nothing_is_the_same_before_and_behind_a_failed_look() -> None:
    groups = analysis((0, 9), (10, 11), (12, 20))
    first = EventTimeline().advance(groups, groups.groups[0], [saw("dog", 2, 9, None)], (), ())
    assert [event.span for event in first.opened] == [Span(s(2), s(10))]
    failed = EventTimeline().advance(groups, groups.groups[1], None, first.opened, first.opened)
    assert (failed.opened, failed.updated, failed.closed) == ((), (), first.opened)
    behind = EventTimeline().advance(groups, groups.groups[2], [saw("dog", 12, 14, 15)], (), first.opened)
    assert [event.span for event in behind.closed] == [Span(s(12), s(15))]


def test_groups_without_shared_frames_are_joined_where_one_thing_reaches_the_border_on_both_sides() -> None:
    apart = analysis((0, 9), (10, 19))
    events, _ = told(apart, [saw("person at the gate", 5, 9, None)], [saw("man opens gate", 10, 12, 13)])
    assert spans(events) == [(5, 13)]
    events, _ = told(apart, [saw("person at the gate", 5, 8, 9)], [saw("man opens gate", 10, 12, 13)])
    assert spans(events) == [(5, 9), (10, 13)]


def test_the_longest_and_clearest_look_tells_what_it_is() -> None:
    glimpse, stare = (
        saw("person", 8, 9, None, "Somebody."),
        saw("man with ladder", 8, 15, 16, "A man carries a ladder."),
    )
    (event,) = told(OVERLAPPING, [glimpse], [stare], [])[0].values()
    assert (event.label, event.description) == ("man with ladder", "A man carries a ladder.")
    (event,) = told(OVERLAPPING, [glimpse], [replace(stare, confidence=0.1)], [])[0].values()
    assert (event.label, event.description) == ("person", "Somebody.")


def test_an_event_is_as_certain_as_those_who_saw_it_by_the_time_each_did() -> None:
    sure, unsure = replace(saw("dog", 6, 9, None), confidence=0.9), replace(saw("dog", 8, 13, 14), confidence=0.5)
    (event,) = told(OVERLAPPING, [sure], [unsure], [])[0].values()
    assert event.confidence == pytest.approx((4 * 0.9 + 4 * 0.5) / 8)


def test_a_new_thing_at_the_start_of_a_closed_one_has_an_id_of_its_own() -> None:
    closed = saw("dog", 8, 8, 9)
    events, _ = told(analysis((0, 9), (8, 60)), [closed], [saw("dog", 8, 8, 9), saw("dog", 8, 50, 51)])
    assert len(events) == 2
    assert spans(events) == [(8, 9), (8, 51)]


def test_the_id_of_an_event_is_that_of_its_words_whatever_their_order() -> None:
    ids = {
        event_id
        for label in ("red car", "a car, red", "RED CARS")
        for event_id in told(OVERLAPPING, [saw(label, 5, 6, 7)], [], [])[0]
    }
    assert len(ids) == 1


def test_signals_and_a_model_do_not_take_each_others_events() -> None:
    seen: list[Observation] = [saw("motion", 2, 5, 6), replace(saw("motion", 2, 5, 6), source=Source.MOTION)]
    events, _ = told(OVERLAPPING, seen, [], [])
    assert sorted(event.source for event in events.values()) == [Source.MODEL, Source.MOTION]


def test_labels_without_a_word_that_carries_sense_are_compared_as_they_stand() -> None:
    assert Wording.of("!!", "").label_likeness(Wording.of("!!", "")) == 1
    assert Wording.of("!!", "").label_likeness(Wording.of("??", "")) == 0
