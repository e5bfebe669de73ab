from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.unit.answering.yard import YARD, motion, place, recording, seconds, seen
from videoqa.answering.proposals import of_events, scan
from videoqa.answering.proposing import Proposing
from videoqa.events import Source
from videoqa.media import ZERO, Span


def test_what_happened_after_is_proposed_in_order_of_time_whatever_it_is_called() -> None:
    events = [seen("yard", 170, 180, "a child drops a ball"), seen("yard", 250, 260, "something happened at the gate")]
    proposing = Proposing(place(events=events).index.lookup)
    within = {"yard": seconds(158, 300)}
    proposed = proposing.propose("What happened next, after the van left?", limit=4, within=within)
    assert [moment.span for moment in proposed.moments] == [events[0].span, events[1].span]


def test_a_clause_of_order_is_not_searched_for_once_it_is_settled() -> None:
    events = [seen("yard", 170, 180, "a red ball lies there"), seen("yard", 250, 260, "the van is parked again")]
    proposing = Proposing(place(events=events).index.lookup)
    asked = "After the van left, when does the red ball lie there?"
    proposed = proposing.propose(asked, limit=1, within={"yard": seconds(158, 300)})
    assert proposed.question.content == "when does the red ball lie there?"
    assert proposed.moments[0].span == events[0].span


def test_what_nobody_would_look_at_again_is_not_proposed() -> None:
    cut = replace(motion("yard", 10, 11), source=Source.SHOT)
    there = Span(ZERO, YARD.length)
    assert [moment.span for moment in of_events(YARD, [cut, motion("yard", 20, 30)], [there], None)] == [
        seconds(20, 30)
    ]


def test_footage_too_long_to_be_looked_through_is_not() -> None:
    hour = recording("hour", timedelta(hours=1))
    assert scan([hour], {"hour": (Span(ZERO, hour.length),)}, 4) == ()
    assert len(scan([YARD], {"yard": (Span(ZERO, YARD.length),)}, 4)) == 4
