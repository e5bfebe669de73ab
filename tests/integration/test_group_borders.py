"""Where the borders of groups fall changes nothing about the events."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import pytest

from tests.unit.analyser.drawn import scene, slide
from videoqa.analyser.grouping import groups
from videoqa.analyser.signals import SignalsAnalyser
from videoqa.events import Event, Source
from videoqa.media import Cue, Span
from videoqa.ports import Analysis, Brief
from videoqa.timeline.timeline import EventTimeline

SECOND = timedelta(seconds=1)
STACKS = ("Stacks and queues", "A stack gives back what came last", "A queue gives back what came first")
TREES = ("Balanced trees", "Rotations keep the height small")


class Footage:
    """A talk: a slide that grows, another, the first again, then the yard with somebody crossing it twice."""

    def __init__(self) -> None:
        pictures = [slide(*STACKS[: 1 + (number > 2) + (number > 5)]) for number in range(9)]
        pictures += [slide(*TREES)] * 5 + [slide(*STACKS)] * 4
        places = [None, None, 100, 220, 340, 460, None, None, None, None, None, None, 500, 380, 260, None, None]
        for number, place in enumerate(places):
            pictures.append(scene(None if place is None else (place, 180, place + 90, 380), seed=number))
        self.frames = {number * SECOND: picture for number, picture in enumerate(pictures)}

    def jpeg(self, pts: timedelta) -> bytes:
        return self.frames[pts]


class Few:
    """Room for so many frames."""

    def __init__(self, most: int) -> None:
        self.left = most

    def takes_frame(self, pts: timedelta) -> bool:
        self.left -= 1
        return self.left >= 0

    def takes_cue(self, cue: Cue) -> bool:
        return True


@lru_cache
def events_of(most: int) -> tuple[Event, ...]:
    footage, analyser, timeline = Footage(), SignalsAnalyser(), EventTimeline()
    times = list(footage.frames)
    plan = groups(times, (), len(times) * SECOND, lambda: Few(most), overlap=1)
    analysis = Analysis("analysis", "recording", "test", analyser.sampling, tuple(times), plan, 0, finished=False)
    events: dict[str, Event] = {}
    going_on: dict[str, Event] = {}
    for group in plan:
        seen = analyser.analyse(group, footage, Brief()).observations
        change = timeline.advance(analysis, group, seen, tuple(going_on.values()), tuple(events.values()))
        for event in (*change.opened, *change.updated, *change.closed):
            events[event.id] = going_on[event.id] = event
        for event in change.closed:
            del going_on[event.id]
    assert not going_on
    return tuple(sorted(events.values(), key=lambda event: (event.span, event.source)))


def shape(events: tuple[Event, ...]) -> list[tuple[float, float, Source, str]]:
    return [
        (event.span.start.total_seconds(), event.span.end.total_seconds(), event.source, event.description)
        for event in events
        if event.source is not Source.MOTION
    ]


def motions(events: tuple[Event, ...]) -> list[Span]:
    return [event.span for event in events if event.source is Source.MOTION]


def test_the_whole_in_one_group_is_as_it_was_drawn() -> None:
    events = events_of(64)
    assert shape(events) == [
        (0, 9, Source.SLIDE, STACKS[0]),
        (3, 9, Source.SLIDE, STACKS[1]),
        (6, 9, Source.SLIDE, STACKS[2]),
        (9, 14, Source.SLIDE, "\n".join(TREES)),
        (14, 18, Source.SLIDE, "\n".join(STACKS)),
        (18, 19, Source.SHOT, "the whole picture changes"),
    ]
    again = next(event for event in events if event.span.start == 14 * SECOND)
    assert again.revisits == next(event.id for event in events if event.span.start == 0 * SECOND)
    assert [span.start // SECOND for span in motions(events)] == [20, 30]


@pytest.mark.parametrize("most", [4, 5, 7, 11, 16])
def test_small_groups_give_the_same_events(most: int) -> None:
    whole, parts = events_of(64), events_of(most)
    assert shape(parts) == shape(whole)
    for one, other in zip(*(motions(events) for events in (whole, parts)), strict=True):
        assert one.start == other.start
        # A motion of which a group sees only the last step is given that whole second.
        assert abs(one.end - other.end) <= SECOND
    assert [event.revisits is None for event in parts] == [event.revisits is None for event in whole]
