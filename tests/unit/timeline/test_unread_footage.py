"""Nothing is said to happen where nobody saw anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.timeline.test_same_events import Footage, Nothing, Split, footages
from tests.unit.timeline.test_seen_by_a_model import analysis, saw
from videoqa.events import Event, Observation, Source
from videoqa.media import FrameGroup, Span
from videoqa.ports import Analysis, Brief
from videoqa.testing.oracle import OracleAnalyser
from videoqa.timeline.timeline import EventTimeline


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def of_frames(*times: int) -> Analysis:
    """One group of frames at ``times``, the last one of a second."""
    group = FrameGroup(0, Span(s(0), s(times[-1] + 1)), tuple(map(s, times)))
    return replace(analysis((0, 1)), groups=(group,))


def told(planned: Analysis, unread: Sequence[Span], *observations: Sequence[Observation]) -> list[Event]:
    kept: dict[str, Event] = {}
    going_on: dict[str, Event] = {}
    for group, seen in zip(planned.groups, observations, strict=True):
        open_events, earlier = tuple(going_on.values()), tuple(kept.values())
        change = EventTimeline().advance(planned, group, seen, open_events, earlier, unread=unread)
        going_on = {event.id: event for event in (*change.opened, *change.updated)}
        kept.update({event.id: event for event in (*going_on.values(), *change.closed)})
    return sorted(kept.values(), key=lambda event: event.span)


HOLE = [Span(s(3), s(9))]


def seen_at(*times: int, until: int | None) -> Observation:
    return replace(saw("white van", 0, 0, None), frames=tuple(map(s, times)), lasts_until=until and s(until))


def test_what_was_last_seen_before_unread_footage_ends_there() -> None:
    (event,) = told(of_frames(0, 1, 2, 9), HOLE, [seen_at(0, 1, 2, until=9)])
    assert event.span == Span(s(0), s(3))


def test_what_no_damage_interrupts_lasts_until_the_next_frame() -> None:
    (event,) = told(of_frames(0, 1, 2, 9), [], [seen_at(0, 1, 2, until=9)])
    assert event.span == Span(s(0), s(9))


def test_what_holds_at_the_end_of_a_damaged_file_ends_at_the_damage() -> None:
    group = FrameGroup(0, Span(s(0), s(3600)), (s(0), s(599)))
    damaged = replace(analysis((0, 1)), groups=(group,))
    (event,) = told(damaged, [Span(s(600), s(3600))], [seen_at(0, 599, until=None)])
    assert event.span == Span(s(0), s(600))


def test_damage_that_begins_at_the_very_frame_leaves_it_a_moment() -> None:
    (event,) = told(of_frames(0, 1, 2, 9), [Span(s(2), s(9))], [seen_at(0, 1, 2, until=9)])
    assert event.span == Span(s(0), s(2.001))


def test_what_is_seen_on_both_sides_in_one_look_is_one_event() -> None:
    (event,) = told(of_frames(0, 1, 2, 9, 10), HOLE, [seen_at(0, 1, 2, 9, until=10)])
    assert event.span == Span(s(0), s(10))


def test_what_is_seen_by_two_looks_behind_a_long_hole_is_two_events() -> None:
    groups = (FrameGroup(0, Span(s(0), s(9)), (s(0), s(1), s(2))), FrameGroup(1, Span(s(9), s(11)), (s(9), s(10))))
    planned = replace(analysis((0, 1)), groups=groups)
    events = told(planned, HOLE, [seen_at(0, 1, 2, until=None)], [seen_at(9, 10, until=None)])
    assert [event.span for event in events] == [Span(s(0), s(3)), Span(s(9), s(11))]


def test_a_hole_within_the_patience_is_bridged() -> None:
    hole = [Span(s(2.5), s(4))]
    looks = [seen_at(0, 1, 2, until=4), seen_at(4, until=5)]
    (event,) = told(of_frames(0, 1, 2, 4, 5), hole, looks)
    assert event.span == Span(s(0), s(5))


def test_a_slide_that_stands_on_both_sides_is_whole_though_one_frame_of_it_is_cited() -> None:
    slide = Observation("Title", "Title", Source.SLIDE, (s(0),), identity="Title", lasts_until=s(10))
    (event,) = told(of_frames(0, 1, 2, 9, 10), HOLE, [slide])
    assert event.span == Span(s(0), s(10))
    (event,) = told(of_frames(0, 1, 2, 10), HOLE, [slide])
    assert event.span == Span(s(0), s(3))


@settings(deadline=None)
@given(
    footage=footages(),
    split=st.integers(3, 40).flatmap(lambda most: st.builds(Split, st.just(most), st.integers(0, min(4, most - 1)))),
    data=st.data(),
)
def test_no_event_reaches_into_unread_footage_behind_its_last_frame(
    footage: Footage, split: Split, data: st.DataObject
) -> None:
    oracle = OracleAnalyser(footage.truth, most_frames=split.most_frames, overlap=split.overlap)
    groups = oracle.plan(footage.times, (), (64, 64), footage.length)
    gaps = list(zip(footage.times, (*footage.times[1:], footage.length), strict=True))
    holes = data.draw(st.lists(st.sampled_from(gaps), unique=True, max_size=6))
    unread = [Span(start + s(0.1), end) for start, end in sorted(holes)]
    planned = replace(analysis((0, 1)), groups=groups, times=footage.times)
    events = told(planned, unread, *(oracle.analyse(group, Nothing(), Brief()).observations for group in groups))
    for event in events:
        behind = [span for span in unread if span.end > event.frames[-1]]
        assert not any(event.span.overlaps(span) for span in behind)
