from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from videoqa.events import Event, Observation, Region, Source
from videoqa.media import FrameGroup, Sampling, Span
from videoqa.ports import Analysis, TimelineChange
from videoqa.timeline.timeline import EventTimeline

TITLE = "Stream ciphers are secure"
FULL = f"{TITLE}\nTheorem: G is a secure generator\nProof by contradiction"


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def plan(*borders: float) -> Analysis:
    """An analysis of one group from each border to the next; a group's last frame is the next one's first."""
    spans = [(borders[number], borders[number + 1]) for number in range(len(borders) - 1)]
    groups = tuple(
        FrameGroup(number, Span(s(start), s(end)), (s(start), s((start + end) / 2)))
        for number, (start, end) in enumerate(spans)
    )
    return Analysis("analysis", "recording", "test", Sampling(), (), groups, 0, finished=False)


def slide(text: str, at: float, until: float | None, label: str = TITLE) -> Observation:
    return Observation(
        label, text, Source.SLIDE, (s(at),), identity=text, lasts_until=None if until is None else s(until)
    )


def motion(start: float, end: float, strength: float = 0.5, region: Region | None = None) -> Observation:
    return Observation(
        "motion",
        f"motion of {strength}",
        Source.MOTION,
        (s(start),),
        lasts_until=s(end),
        strength=strength,
        region=region,
    )


def told(analysis: Analysis, *observations: Sequence[Observation]) -> tuple[dict[str, Event], list[TimelineChange]]:
    """Every event after all groups, by id, and what each group changed."""
    kept: dict[str, Event] = {}
    going_on: dict[str, Event] = {}
    changes = []
    for group, seen in zip(analysis.groups, observations, strict=True):
        change = EventTimeline().advance(analysis, group, seen, tuple(going_on.values()), tuple(kept.values()))
        for event in (*change.opened, *change.updated):
            kept[event.id] = going_on[event.id] = event
        for event in change.closed:
            kept[event.id] = event
            going_on.pop(event.id, None)
        changes.append(change)
    assert not going_on
    return kept, changes


def spans(events: dict[str, Event]) -> list[tuple[float, float]]:
    return sorted((event.span.start.total_seconds(), event.span.end.total_seconds()) for event in events.values())


def test_a_slide_that_stays_over_three_groups_is_one_event() -> None:
    events, changes = told(
        plan(0, 60, 120, 180), [slide(FULL, 5, None)], [slide(FULL, 60, None)], [slide(FULL, 120, 150)]
    )
    assert spans(events) == [(5, 150)]
    assert [len(change.opened) for change in changes] == [1, 0, 0]
    assert [len(change.updated) for change in changes] == [0, 1, 0]
    assert [len(change.closed) for change in changes] == [0, 0, 1]


def test_a_letter_misread_in_the_next_group_makes_no_new_event() -> None:
    misread = FULL.replace("secure generator", "secur generat0r")
    events, _ = told(plan(0, 60, 120), [slide(FULL, 5, None)], [slide(misread, 60, None)])
    assert spans(events) == [(5, 120)]


def test_a_slide_built_up_line_by_line_is_found_line_by_line_and_ends_as_one() -> None:
    events, _ = told(
        plan(0, 60, 120),
        [slide(TITLE, 5, None), slide("Theorem: G is a secure generator", 20, None)],
        [slide(FULL.rsplit("\n", 1)[0], 60, 100), slide("Proof by contradiction", 75, 100)],
    )
    by_start = {event.span.start.total_seconds(): event for event in events.values()}
    assert {start: event.description for start, event in by_start.items()} == {
        5: TITLE,
        20: "Theorem: G is a secure generator",
        75: "Proof by contradiction",
    }
    assert {event.span.end for event in events.values()} == {s(100)}


def test_a_line_that_came_up_between_two_groups_is_an_event_of_its_own() -> None:
    events, _ = told(plan(0, 60, 120), [slide(TITLE, 5, None)], [slide(FULL, 60, None)])
    assert [event.description for event in sorted(events.values(), key=lambda event: event.span)] == [
        TITLE,
        FULL.split("\n", 1)[1],
    ]


def test_lines_that_differ_in_a_letter_are_two_where_one_comes_up_under_the_other() -> None:
    lines = [slide(TITLE, 5, None), slide("Run time O(n)", 10, None), slide("Run time O(n2)", 20, None)]
    events, _ = told(plan(0, 60), lines)
    assert [event.description for event in sorted(events.values(), key=lambda event: event.span)] == [
        TITLE,
        "Run time O(n)",
        "Run time O(n2)",
    ]


def test_a_slide_taken_for_a_new_one_though_it_says_the_same_stays_one() -> None:
    events, _ = told(plan(0, 60), [slide(FULL, 5, 20), slide(FULL, 20, 40)])
    assert spans(events) == [(5, 40)]


def test_a_slide_first_seen_in_the_last_frame_of_a_group_takes_the_fuller_reading() -> None:
    events, _ = told(plan(0, 60, 120), [slide(TITLE, 60, None)], [slide(FULL, 60, None)])
    assert [event.description for event in events.values()] == [FULL]


def test_a_slide_shown_again_is_a_new_event_that_names_the_first() -> None:
    events, _ = told(
        plan(0, 60, 120, 180),
        [slide(FULL, 5, 40), slide("Another slide\nwith other words", 40, None, "Another slide")],
        [slide("Another slide\nwith other words", 60, 90, "Another slide"), slide(FULL, 90, None)],
        [slide(FULL, 120, None)],
    )
    first, other, again = sorted(events.values(), key=lambda event: event.span)
    assert (first.revisits, other.revisits, again.revisits) == (None, None, first.id)
    assert spans(events) == [(5, 40), (40, 90), (90, 180)]


def test_a_third_showing_names_the_first_and_not_the_second() -> None:
    other = slide("Another slide", 0, 1, "Another slide")
    events, _ = told(plan(0, 60, 120, 180), [slide(FULL, 5, 20), other], [slide(FULL, 65, 80)], [slide(FULL, 125, 140)])
    ordered = sorted((event for event in events.values() if event.label == TITLE), key=lambda event: event.span)
    assert [event.revisits for event in ordered] == [None, ordered[0].id, ordered[0].id]


def test_a_slide_revisited_within_one_group_names_the_first_too() -> None:
    events, _ = told(
        plan(0, 60), [slide(FULL, 5, 20), slide("Other words", 20, 30, "Other words"), slide(FULL, 30, 40)]
    )
    ordered = sorted(events.values(), key=lambda event: event.span)
    assert ordered[2].revisits == ordered[0].id


def test_motion_that_stops_for_a_moment_at_a_border_is_one_event() -> None:
    left, right = Region(0, 0, 0.2, 0.2), Region(0.1, 0.1, 0.5, 0.5)
    events, _ = told(plan(0, 60, 120), [motion(50, 59, 0.3, left)], [motion(61, 70, 0.8, right)])
    (event,) = events.values()
    assert event.span == Span(s(50), s(70))
    assert (event.region, event.strength, event.description) == (Region(0, 0, 0.5, 0.5), 0.8, "motion of 0.8")


def test_motions_far_apart_stay_two() -> None:
    events, _ = told(plan(0, 60, 120), [motion(50, 55)], [motion(61, 70)])
    assert spans(events) == [(50, 55), (61, 70)]


def test_a_failed_group_ends_what_was_open() -> None:
    events, changes = told(plan(0, 60, 120, 180), [slide(FULL, 5, None)], [], [slide(FULL, 120, None)])
    assert spans(events) == [(5, 60), (120, 180)]
    assert len(changes[1].closed) == 1


def test_shot_changes_one_second_apart_stay_two() -> None:
    cuts = [Observation("shot change", "", Source.SHOT, (s(at),), lasts_until=s(at + 1)) for at in (10, 11)]
    events, _ = told(plan(0, 60), cuts)
    assert spans(events) == [(10, 11), (11, 12)]


def test_spans_end_with_the_recording() -> None:
    events, _ = told(plan(0, 60), [motion(59.5, 61)])
    assert spans(events) == [(59.5, 60)]


def test_the_same_input_gives_the_same_ids_in_every_analysis_under_one_fingerprint() -> None:
    seen = [slide(FULL, 5, 30), motion(40, 50)]
    once, again = told(plan(0, 60), seen)[0], told(plan(0, 60), list(reversed(seen)))[0]
    assert once == again
    assert told(replace(plan(0, 60), id="another"), seen)[0] == once
    for other in (replace(plan(0, 60), fingerprint="other"), replace(plan(0, 60), recording_id="other")):
        assert not told(other, seen)[0].keys() & once.keys()


def test_an_event_of_hours_cites_a_bounded_number_of_frames() -> None:
    every = tuple(s(second) for second in range(3_600))
    long = Observation("motion", "", Source.MOTION, every, lasts_until=s(3_600))
    (event,) = told(plan(0, 3_600), [long])[0].values()
    assert len(event.frames) == 64
    assert (event.frames[0], event.frames[-1]) == (every[0], every[-1])
