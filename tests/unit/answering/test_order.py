from __future__ import annotations

import pytest

from tests.unit.answering.test_verdict import glance
from tests.unit.answering.yard import YARD, seconds
from videoqa.answering.order import Order, place_of
from videoqa.answering.question import Place, Question

VAN, BUS = glance(seconds(150, 158)), glance(seconds(200, 210))


def test_after_something_is_after_its_end_and_before_it_before_its_beginning() -> None:
    assert Order().narrowed("the van", [VAN], [YARD], follows=True).within == {"yard": seconds(158, 300)}
    assert Order().narrowed("the van", [VAN], [YARD], follows=False).within == {"yard": seconds(0, 150)}


def test_between_two_things_is_after_one_and_before_the_other() -> None:
    order = Order().narrowed("the van", [VAN], [YARD], follows=True)
    order = order.narrowed("the bus", [BUS], [YARD], follows=False)
    assert order.within == {"yard": seconds(158, 200)}
    assert [moment.span for moment, _ in order.anchors] == [seconds(150, 158), seconds(200, 210)]


def test_of_several_that_it_may_follow_the_surest_is_meant() -> None:
    sure = glance(seconds(30, 40), 0.95)
    assert Order().narrowed("a van", [VAN, sure], [YARD], follows=True).within == {"yard": seconds(40, 300)}


def test_after_what_was_not_found_there_is_nothing_and_it_is_said() -> None:
    order = Order().narrowed("the van left", [], [YARD], follows=True)
    assert order.within == {}
    assert "the van left" in order.notes[0]


def test_before_what_begins_the_recording_there_is_nothing() -> None:
    assert Order().narrowed("it", [glance(seconds(0, 10))], [YARD], follows=False).within == {}


@pytest.mark.parametrize(
    ("question", "place"),
    [
        (Question("", after="it"), Place.FIRST),
        (Question("", before="it"), Place.LAST),
        (Question("", after="it", place=Place.LAST), Place.LAST),
        (Question(""), None),
    ],
)
def test_what_follows_is_the_next_and_what_precedes_the_last(question: Question, place: Place | None) -> None:
    assert place_of(question) is place
