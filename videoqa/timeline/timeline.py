"""Decides which event an observation belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from videoqa.events import Chapter, Event, Observation, Source
from videoqa.media import ZERO, Cue, FrameGroup, Span
from videoqa.ports import Analysis, TimelineChange
from videoqa.timeline.chapters import chapters
from videoqa.timeline.likeness import Text, known_text, revisited

PATIENCE = {Source.MOTION: timedelta(seconds=2.5), Source.MODEL: timedelta(seconds=2.5)}
MOST_FRAMES = 64


class EventTimeline:
    """Implements the port ``Timeline``: one event stays one event, wherever group borders fall.

    An observation goes on with an open event of its source where their identities are equal, or, where it has none,
    their labels, and where it begins before the event ends or within the source's patience after it. Text on slides is
    compared line by line, since two readings of the same slide differ in a letter here and there.
    """

    def advance(
        self,
        analysis: Analysis,
        group: FrameGroup,
        observations: Sequence[Observation],
        open_events: Sequence[Event],
        earlier: Sequence[Event],
    ) -> TimelineChange:
        end = max(planned.span.end for planned in analysis.groups)
        board = _Board(
            analysis,
            group.span,
            next(iter(group.times), None),
            end,
            earlier,
            {event.id: event for event in open_events},
        )
        for observation in sorted(observations, key=lambda seen: (seen.frames[0], seen.source)):
            if observation.source is Source.SLIDE:
                board.write(observation)
            else:
                board.put(observation)
        last = group.number == analysis.groups[-1].number
        opened, updated, closed = [], [], []
        for event in board.events.values():
            patience = PATIENCE.get(event.source, ZERO)
            goes_on = event.id in board.touched and event.span.end + patience >= group.span.end and not last
            if not goes_on:
                closed.append(event)
            elif event.id in board.begun:
                opened.append(event)
            else:
                updated.append(event)
        return TimelineChange(tuple(opened), tuple(updated), tuple(closed))

    def chapters(self, length: timedelta, events: Sequence[Event], cues: Sequence[Cue]) -> tuple[Chapter, ...]:
        return chapters(length, events, cues)


@dataclass(slots=True)
class _Board:
    """The events of a group while its observations are laid down. ``events`` are in order of their appearance."""

    analysis: Analysis
    group: Span
    first: timedelta | None
    end: timedelta
    earlier: Sequence[Event]
    events: dict[str, Event]
    touched: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)

    def put(self, observation: Observation) -> None:
        """Lays down an observation that is continued by identity or label; a change of the shot happens once."""
        span = self._span(observation)
        for event in self.events.values():
            same = event.identity == observation.identity if observation.identity else event.label == observation.label
            if event.source is not observation.source or observation.source is Source.SHOT:
                continue
            if same and self._meets(event, span):
                self._extend(event, observation, span)
                return
        self._begin(observation, span, self._first_of(observation) if observation.identity else None)

    def write(self, observation: Observation) -> None:
        """Lays down text that was read: it extends the events whose text it holds, and begins one of what is new."""
        span = self._span(observation)
        text = Text.of(observation.description)
        standing = [event for event in self.events.values() if self._may_hold(event, span)]
        held = [event for event in standing if text.holds(Text.of(event.description))]
        for event in held:
            self._extend(event, observation, span)
        if len(held) == 1 and held[0].span.start == span.start and held[0].id not in self.begun:
            # The last frame of the group before was the slide's first; only this group saw it in full.
            self.events[held[0].id] = replace(
                self.events[held[0].id], description=observation.description, label=observation.label
            )
            return
        fresh = text.without([Text.of(event.description) for event in held])
        if not fresh.lines:
            return
        description = "\n".join(fresh.lines)
        identity = observation.identity if not held else hashlib.sha256(description.encode()).hexdigest()[:16]
        new = replace(observation, description=description, identity=identity)
        self._begin(new, span, None if held else revisited(known_text(self._known()), text, span.start))

    def _may_hold(self, event: Event, span: Span) -> bool:
        """True where text that stands in ``span`` may be that of ``event`` read again.

        It is read again at the border to the group before, and where the slide was taken for a new one. What comes up
        while the event lasts is another line, however alike.
        """
        again = span.start == self.first and event.id not in self.begun
        return event.source is Source.SLIDE and (again or span.start == event.span.end)

    def _first_of(self, observation: Observation) -> str | None:
        """The id of the first event with the observation's identity."""
        same = (observation.source, observation.identity)
        first = next((event for event in self._known() if (event.source, event.identity) == same), None)
        return (first.revisits or first.id) if first else None

    def _known(self) -> Sequence[Event]:
        """Every event of the analysis so far, in order of time."""
        every = {**{event.id: event for event in self.earlier}, **self.events}
        return sorted(every.values(), key=lambda event: event.span)

    def _meets(self, event: Event, span: Span) -> bool:
        return span.start <= event.span.end + PATIENCE.get(event.source, ZERO)

    def _span(self, observation: Observation) -> Span:
        start = observation.frames[0]
        until = self.group.end if observation.lasts_until is None else observation.lasts_until
        return Span(start, max(min(until, self.end), start + timedelta(milliseconds=1)))

    def _extend(self, event: Event, observation: Observation, span: Span) -> None:
        stronger = (observation.strength or 0) > (event.strength or 0)
        regions = [region for region in (event.region, observation.region) if region is not None]
        strengths = [strength for strength in (event.strength, observation.strength) if strength is not None]
        self.touched.add(event.id)
        self.events[event.id] = replace(
            event,
            span=event.span.union(span),
            description=observation.description if stronger else event.description,
            frames=_thinned({*event.frames, *observation.frames}),
            confidence=max(event.confidence, observation.confidence),
            region=regions[0].union(regions[-1]) if regions else None,
            strength=max(strengths, default=None),
        )

    def _begin(self, observation: Observation, span: Span, revisits: str | None) -> None:
        thing = observation.identity or observation.label
        number = 0
        while (event_id := self._id(observation.source, thing, span.start, number)) in self.events:
            number += 1
        self.touched.add(event_id)
        self.begun.add(event_id)
        self.events[event_id] = Event(
            id=event_id,
            recording_id=self.analysis.recording_id,
            span=span,
            label=observation.label,
            description=observation.description,
            source=observation.source,
            frames=_thinned(observation.frames),
            confidence=observation.confidence,
            identity=observation.identity,
            region=observation.region,
            strength=observation.strength,
            revisits=revisits,
        )

    def _id(self, source: Source, thing: str, start: timedelta, number: int) -> str:
        words = f"{self.analysis.id} {source} {thing} {start // timedelta(microseconds=1)} {number}"
        return hashlib.sha256(words.encode()).hexdigest()[:16]


def _thinned(frames: Iterable[timedelta]) -> tuple[timedelta, ...]:
    """At most ``MOST_FRAMES`` of ``frames``, with the first and the last, evenly taken from between."""
    every = sorted(frames)
    if len(every) <= MOST_FRAMES:
        return tuple(every)
    step = (len(every) - 1) / (MOST_FRAMES - 1)
    return tuple(every[round(number * step)] for number in range(MOST_FRAMES))
