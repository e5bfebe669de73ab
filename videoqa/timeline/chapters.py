"""Divides a recording into titled stretches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from videoqa.events import Chapter, Event, Source
from videoqa.media import ZERO, Cue, Span
from videoqa.timeline.topics import salient, turns

SHORTEST = timedelta(seconds=10)
WITHOUT_SLIDES = timedelta(minutes=3)


def chapters(length: timedelta, events: Sequence[Event], cues: Sequence[Cue]) -> tuple[Chapter, ...]:
    """The chapters of a recording of ``length``, one after another without a gap; none where nothing divides it.

    A chapter begins where a slide with another title comes up, and, in stretches without slides, where the talk turns
    to another topic. What would last less than ``SHORTEST`` belongs to the chapter before it.
    """
    slides = sorted((event for event in events if event.source is Source.SLIDE), key=lambda event: event.span)
    spoken = _main_track(cues)
    starts: dict[timedelta, str] = {}
    for event in slides:
        if event.span.start < length and (not starts or starts[max(starts)] != event.label):
            starts.setdefault(event.span.start, event.label)
    for start in _turns_between(slides, spoken, length):
        starts.setdefault(start, "")
    borders = _far_apart(sorted(starts), length)
    if not borders:
        return ()
    spans = [Span(start, end) for start, end in pairwise([*borders, length])]
    said = [[cue for cue in spoken if span.start <= cue.span.start < span.end] for span in spans]
    made: list[Chapter] = []
    for number, span in enumerate(spans):
        title = starts[span.start] or salient(said[number], said[:number] + said[number + 1 :]) or f"Part {number + 1}"
        made.append(Chapter(Span(ZERO, span.end) if not made else span, title))
    return tuple(made)


def _main_track(cues: Sequence[Cue]) -> list[Cue]:
    """The cues of the track with the most of them: the others say the same in another language."""
    if not cues:
        return []
    counts = Counter(cue.track for cue in cues)
    main = max(sorted(counts), key=lambda track: counts[track])
    return sorted((cue for cue in cues if cue.track == main), key=lambda cue: cue.span)


def _turns_between(slides: Sequence[Event], spoken: Sequence[Cue], length: timedelta) -> list[timedelta]:
    """Where the talk begins, and where it turns, in the stretches in which no slide is shown."""
    found: list[timedelta] = []
    reached = ZERO
    for start, end in [*((event.span.start, event.span.end) for event in slides), (length, length)]:
        if start - reached >= min(WITHOUT_SLIDES, length):
            heard = [cue for cue in spoken if reached <= cue.span.start < start]
            if heard:
                found.extend([reached, *turns(heard)])
        reached = max(reached, end)
    return found


def _far_apart(starts: Sequence[timedelta], length: timedelta) -> list[timedelta]:
    """``starts`` without those that are followed too soon; the last of a quick succession is kept."""
    least = min(SHORTEST, length / 10)
    return [start for start, after in pairwise([*starts, length]) if after - start >= least]
