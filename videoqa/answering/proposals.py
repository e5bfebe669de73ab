"""The moments that are worth a close look, out of all that the index knows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, pairwise

from videoqa.answering.question import Place, Question
from videoqa.answers import Moment
from videoqa.events import Event, Source
from videoqa.media import ZERO, Recording, Span

SHORT = timedelta(seconds=60)
"""Footage no longer than this is looked at whole."""
SCANNED = timedelta(minutes=10)
"""Footage no longer than this is looked at in parts where the index knows of nothing in it."""
NEAR = timedelta(seconds=10)
"""Moments no further apart are looked at together: who stands still at a door moved twice."""
TOGETHER = timedelta(seconds=60)
"""Moments are put together as long as that takes no longer."""
SAME = 0.5
"""Two moments are one where this share of the shorter lies in the other."""
SLIGHT = 0.05
"""Score of what is proposed for want of something better."""
SEEN = frozenset({Source.MODEL, Source.MOTION})
"""Sources of events that may be looked at for anything that is to be seen."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What a question was read as, the recordings it asks, the parts of each it asks for, the moments to look at."""

    question: Question
    asked: tuple[Recording, ...]
    spans: Mapping[str, tuple[Span, ...]]
    moments: tuple[Moment, ...]


def whole(asked: Sequence[Recording], spans: Mapping[str, Sequence[Span]], limit: int) -> tuple[Moment, ...]:
    """All that is asked about, where that is short and in at most ``limit`` parts; () otherwise."""
    short = _total(spans) <= SHORT and sum(map(len, spans.values())) <= limit
    return _parts(asked, spans) if short else ()


def scan(asked: Sequence[Recording], spans: Mapping[str, Sequence[Span]], limit: int) -> tuple[Moment, ...]:
    """All that is asked about in about ``limit`` parts, where it is not too long; () otherwise."""
    total = _total(spans)
    if not ZERO < total <= SCANNED:
        return ()
    cut: dict[str, list[Span]] = {}
    for recording_id, parts in spans.items():
        for span in parts:
            count = max(1, round(limit * (span.length / total)))
            edges = [span.start + span.length * number / count for number in range(count + 1)]
            pieces = [Span(start, end) for start, end in pairwise(edges)]
            cut.setdefault(recording_id, []).extend(pieces)
    return _parts(asked, cut)


def of_events(
    recording: Recording, events: Iterable[Event], spans: Sequence[Span], place: Place | None
) -> tuple[Moment, ...]:
    """What was seen in ``spans``, the clearest first; in order of time, from either end, where ``place`` says so."""
    inside = [
        (event, both)
        for event in events
        if event.source in SEEN
        for span in spans
        if (both := event.span.intersection(span)) is not None
    ]
    if place is None:
        inside.sort(key=lambda pair: (-_clarity(pair[0]), pair[1]))
    else:
        inside.sort(key=lambda pair: pair[1], reverse=place is Place.LAST)
    return tuple(
        Moment(recording.id, recording.title, span, event.description, SLIGHT, (event.source,))
        for event, span in inside
    )


def distinct(moments: Iterable[Moment], limit: int) -> tuple[Moment, ...]:
    """The first ``limit`` of ``moments`` of which no two are one; the earlier one takes in the later one's sources.

    It takes in its span too where the two lie near each other and are short.
    """
    kept: list[Moment] = []
    for moment in moments:
        place = next((number for number, other in enumerate(kept) if same(moment, other) or near(moment, other)), None)
        if place is not None:
            other = kept[place]
            sources = tuple(dict.fromkeys(chain(other.sources, moment.sources)))
            span = other.span.union(moment.span) if near(moment, other) else other.span
            kept[place] = replace(other, span=span, sources=sources)
        elif len(kept) < limit:
            kept.append(moment)
    return tuple(kept)


def same(moment: Moment, other: Moment) -> bool:
    if moment.recording_id != other.recording_id:
        return False
    both = moment.span.intersection(other.span)
    return both is not None and both.length >= SAME * min(moment.span.length, other.span.length)


def near(moment: Moment, other: Moment) -> bool:
    return (
        moment.recording_id == other.recording_id
        and moment.span.touches(other.span, NEAR)
        and moment.span.union(other.span).length <= TOGETHER
    )


def _clarity(event: Event) -> float:
    return event.confidence if event.strength is None else event.strength


def _total(spans: Mapping[str, Sequence[Span]]) -> timedelta:
    return sum((span.length for parts in spans.values() for span in parts), ZERO)


def _parts(asked: Sequence[Recording], spans: Mapping[str, Sequence[Span]]) -> tuple[Moment, ...]:
    return tuple(
        Moment(recording.id, recording.title, span, "all that was asked about", SLIGHT, ())
        for recording in asked
        for span in spans.get(recording.id, ())
    )
