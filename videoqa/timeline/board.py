"""The events that are open while a group is laid down on them."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from videoqa.events import Event, Observation, Source
from videoqa.media import ZERO, FrameGroup, Span
from videoqa.ports import Analysis
from videoqa.timeline import matching
from videoqa.timeline.likeness import Text, known_text, revisited
from videoqa.timeline.wording import Wording

PATIENCE = {Source.MOTION: timedelta(seconds=2.5), Source.MODEL: matching.PATIENCE}
MOST_FRAMES = 64
_LATEST_FRAMES = 4
_A_MOMENT = timedelta(milliseconds=1)


@dataclass(slots=True)
class Board:
    """The events of a group while its observations are laid down.

    Attributes:
        unread: the stretches that nobody saw, rising.
        end: of the recording.
        earlier: the events of the analysis before the group.
        events: those that were open and those that begin, in order of their appearance.
        begun: the ids of those that begin.
    """

    analysis: Analysis
    group: FrameGroup
    unread: Sequence[Span]
    end: timedelta
    earlier: Sequence[Event]
    events: dict[str, Event]
    begun: set[str] = field(default_factory=set)
    _ids: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._ids = {*(event.id for event in self.earlier), *self.events}

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

    def match(self, observations: Sequence[Observation], border: matching.Border) -> None:
        """Lays down what a model saw, the surest first; what goes on with nothing begins in the order of time."""
        waiting = [matching.Seen(observation, self._span(observation)) for observation in observations]
        laid: dict[str, list[Span]] = {}
        while waiting:
            candidates = [
                matching.Candidate(event, tuple(laid.get(event.id, ())))
                for event in self.events.values()
                if event.source is Source.MODEL and not event.identity
            ]
            pair = matching.best(waiting, candidates, border)
            if pair is None:
                seen = min(waiting, key=lambda seen: seen.order)
                event_id = self._begin(seen.observation, seen.span, None)
            else:
                seen, event_id = pair[0], pair[1].id
                self._go_on(pair[1], seen.observation, seen.span)
            laid.setdefault(event_id, []).append(seen.span)
            waiting.remove(seen)

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
        again = span.start in self.group.times[:1] and event.id not in self.begun
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
        return span.start <= event.span.end + patience(event.source)

    def _span(self, observation: Observation) -> Span:
        start = observation.frames[0]
        until = self.group.span.end if observation.lasts_until is None else observation.lasts_until
        if self.group.times and (hole := self._hole(observation)) is not None:
            until = min(until, hole)
        return Span(start, max(min(until, self.end), start + _A_MOMENT))

    def _hole(self, observation: Observation) -> timedelta | None:
        """Where footage begins that nobody saw, behind the last frame that shows it; None where all was seen.

        What is cited may be a few frames of many: it is in every one up to that which no longer shows it.
        """
        times = self.group.times
        held = len(times) if observation.lasts_until is None else bisect_left(times, observation.lasts_until)
        last = max((observation.frames[-1], *times[max(0, held - 1) : held]))
        hole = next((span for span in self.unread if span.end > last + _A_MOMENT), None)
        return None if hole is None else max(hole.start, last + _A_MOMENT)

    def _extend(self, event: Event, observation: Observation, span: Span) -> None:
        stronger = (observation.strength or 0) > (event.strength or 0)
        regions = [region for region in (event.region, observation.region) if region is not None]
        strengths = [strength for strength in (event.strength, observation.strength) if strength is not None]
        self.events[event.id] = replace(
            event,
            span=event.span.union(span),
            description=observation.description if stronger else event.description,
            frames=_thinned({*event.frames, *observation.frames}),
            confidence=max(event.confidence, observation.confidence),
            region=regions[0].union(regions[-1]) if regions else None,
            strength=max(strengths, default=None),
        )

    def _go_on(self, event: Event, observation: Observation, span: Span) -> None:
        """Extends what a model saw. It is told in the words of whoever saw it longest and clearest."""
        clearer = span.length * observation.confidence > event.span.length * event.confidence
        more = max(span.end - max(event.span.end, span.start), ZERO)
        certain = event.span.length * event.confidence + more * observation.confidence
        self.events[event.id] = replace(
            event,
            span=event.span.union(span),
            label=observation.label if clearer else event.label,
            description=observation.description if clearer else event.description,
            frames=_thinned({*event.frames, *observation.frames}),
            # By the time each looked at it: how often a thing was cut into groups makes it no surer.
            confidence=certain / (event.span.length + more),
        )

    def _begin(self, observation: Observation, span: Span, revisits: str | None) -> str:
        number = 0
        while (event_id := self._id(observation, span.start, number)) in self._ids:
            number += 1
        self._ids.add(event_id)
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
            seen_by=self.analysis.seen_by,
        )
        return event_id

    def _id(self, observation: Observation, start: timedelta, number: int) -> str:
        """Equal for the same thing in two analyses under one fingerprint, so that links to it stay."""
        thing = observation.identity or observation.label
        if observation.source is Source.MODEL and not observation.identity:
            thing = Wording.of(observation.label, "").key
        words = (
            f"{self.analysis.recording_id} {self.analysis.fingerprint} {observation.source} {thing}"
            f" {start // timedelta(microseconds=1)} {number}"
        )
        return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def patience(source: Source) -> timedelta:
    """How long what ``source`` tells of may be away and still be the same."""
    return PATIENCE.get(source, ZERO)


def _thinned(frames: Iterable[timedelta]) -> tuple[timedelta, ...]:
    """At most ``MOST_FRAMES`` of ``frames``: the latest, which the next group may hold too, and some of the others."""
    every = sorted(frames)
    if len(every) <= MOST_FRAMES:
        return tuple(every)
    older, latest = every[:-_LATEST_FRAMES], every[-_LATEST_FRAMES:]
    most = MOST_FRAMES - _LATEST_FRAMES
    step = (len(older) - 1) / (most - 1)
    return (*(older[round(number * step)] for number in range(most)), *latest)
