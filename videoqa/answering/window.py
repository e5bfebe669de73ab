"""Where in each recording a question looks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from videoqa.answering.question import Question
from videoqa.answers import WallClock
from videoqa.media import ZERO, Recording, Span

_DAY = timedelta(days=1)


def spans_in(question: Question, recording: Recording, between: Span | WallClock | None) -> tuple[Span, ...]:
    """The parts of ``recording`` that ``question`` asks for inside ``between``, in order; none where it asks for none.

    A recording whose wall clock is unknown has no part in a stretch of it.
    """
    if recording.length <= ZERO:
        return ()
    spans: tuple[Span, ...] = (Span(ZERO, recording.length),)
    for stretch in question.stretches:
        within = stretch.within(recording.length)
        spans = inside(spans, () if within is None else (within,))
    if isinstance(between, Span):
        spans = inside(spans, (between,))
    for clock in (question.clock, between):
        if isinstance(clock, WallClock):
            spans = inside(spans, _on(recording, (clock,)))
    if question.daily is not None:
        spans = inside(spans, _on(recording, _days(question, recording)))
    return spans


def stretch_of(question: Question, between: Span | WallClock | None) -> WallClock | None:
    """The stretch of the wall clock that ``question`` asks about inside ``between``; None where it names none."""
    clocks = [clock for clock in (between, question.clock) if isinstance(clock, WallClock)]
    if not clocks:
        return None
    start, end = max(clock.start for clock in clocks), min(clock.end for clock in clocks)
    return WallClock(start, end) if start < end else clocks[0]


def _days(question: Question, recording: Recording) -> Sequence[WallClock]:
    if recording.started_at is None or question.daily is None:
        return ()
    first = recording.started_at.astimezone(question.daily.zone).date() - _DAY
    return [question.daily.of(first + number * _DAY) for number in range(recording.length // _DAY + 3)]


def _on(recording: Recording, clocks: Sequence[WallClock]) -> tuple[Span, ...]:
    began = recording.started_at
    if began is None:
        return ()
    return tuple(
        Span(max(clock.start - began, ZERO), clock.end - began) for clock in clocks if clock.end - began > ZERO
    )


def inside(spans: Sequence[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """The parts of ``spans`` that lie in ``others``."""
    return tuple(both for span in spans for other in others if (both := span.intersection(other)) is not None)
