"""Decides which of what a model saw in a group goes on with which event."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from videoqa.events import Event, Observation
from videoqa.media import FrameGroup, Span
from videoqa.timeline.wording import Wording

PATIENCE = timedelta(seconds=2.5)
"""How long what was seen may be away and still be the same."""
SAME_FRAMES = 0.4
"""Likeness that is enough where two groups show both in the same frames: it is there, whatever each called it."""
AT_THE_BORDER = 0.5
"""Likeness that is enough where two groups share no frame, and one lasts to their border and the other begins there."""
APART = 0.8
"""Likeness of the labels that is enough where nothing but nearness in time speaks for it."""
AGREEMENT = 0.5
"""The share of the shared frames that show either which has to show both; and what it counts beside likeness."""


@dataclass(frozen=True, slots=True)
class Border:
    """Where a group meets the one before it: the frames that both hold, and the first of the group."""

    shared: frozenset[timedelta]
    first: timedelta | None
    start: timedelta

    @classmethod
    def between(cls, before: FrameGroup | None, group: FrameGroup) -> Border:
        shared = frozenset(group.times) & frozenset(before.times if before else ())
        return cls(shared, next(iter(group.times), None), group.span.start)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that may go on. ``laid`` are the spans of it that this very group showed, none of one from before it."""

    event: Event
    laid: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation and the span for which it holds."""

    observation: Observation
    span: Span

    @property
    def order(self) -> tuple[Span, str, str]:
        return self.span, self.observation.label, self.observation.description


def best(waiting: Collection[Seen], candidates: Sequence[Candidate], border: Border) -> tuple[Seen, Event] | None:
    """The observation and the event that are the surest to be the same thing; None where none are.

    What one group saw at the same time is never the same, or two red cars would be one.
    """
    pairs = [
        (score, -max(seen.span.start - candidate.event.span.end, timedelta(0)), seen, candidate.event)
        for seen in sorted(waiting, key=lambda seen: seen.order)
        for candidate in candidates
        for score in _score(seen, candidate, border)
    ]
    if not pairs:
        return None
    _, _, seen, event = max(pairs, key=lambda pair: pair[:2])
    return seen, event


def _score(seen: Seen, candidate: Candidate, border: Border) -> Iterator[float]:
    """How sure it is that the two are the same; nothing where they are not."""
    event = candidate.event
    if not event.span.touches(seen.span, PATIENCE) or any(span.overlaps(seen.span) for span in candidate.laid):
        return
    known = Wording.of(event.label, event.description)
    told = Wording.of(seen.observation.label, seen.observation.description)
    label, likeness = known.label_likeness(told), known.likeness(told)
    agreement = 0.0 if candidate.laid else _agreement(seen, event, border)
    to_the_border = not border.shared and event.span.end >= border.start and seen.span.start == border.first
    if (
        label >= APART
        or (agreement >= AGREEMENT and likeness >= SAME_FRAMES)
        or (to_the_border and not candidate.laid and likeness >= AT_THE_BORDER)
    ):
        yield likeness + AGREEMENT * agreement


def _agreement(seen: Seen, event: Event, border: Border) -> float:
    """Of the shared frames that show either, the share that shows both."""
    one, other = border.shared.intersection(event.frames), border.shared.intersection(seen.observation.frames)
    return len(one & other) / len(one | other) if one or other else 0.0
