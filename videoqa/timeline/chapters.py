"""Divides a recording into titled stretches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from videoqa.events import Chapter, Event, Source
from videoqa.media import ZERO, Cue, Span


def chapters(length: timedelta, events: Sequence[Event], cues: Sequence[Cue]) -> tuple[Chapter, ...]:
    """The chapters of a recording of ``length``, one after another without a gap; none where nothing divides it."""
    titles: dict[timedelta, str] = {}
    for event in sorted((e for e in events if e.source is Source.SLIDE), key=lambda e: e.span.start):
        if not titles or titles[max(titles)] != event.label:
            titles.setdefault(event.span.start, event.label)
    if not titles:
        return ()
    starts = sorted(titles)
    ends = [*starts[1:], length]
    return tuple(
        Chapter(Span(ZERO if number == 0 else start, end), titles[start])
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        if end > start
    )
