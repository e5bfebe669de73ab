"""Makes the texts by which a recording is found. Pure.

What is said becomes overlapping windows of about 50 s, one every 12 s (five a minute), that begin and end where a
sentence does if one does nearby. Four of them cover each second, so that ranking can tell the seconds that all of them
speak of from those at their edges. What is shown becomes one passage an event.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import accumulate

from videoqa.events import Chapter, Event, Passage, Source
from videoqa.media import ZERO, Cue, Recording, Span

LENGTH = timedelta(seconds=50)
STEP = timedelta(seconds=12)
REACH = STEP / 2
"""How far the ends of a window move to meet a sentence's."""
PAUSE = timedelta(seconds=1)
"""Silence that ends a sentence whatever its punctuation."""
LONGEST_TEXT = 4000
"""Characters of a passage; a minute of the fastest speech has a third of it."""

_ENDINGS = (".", "?", "!", "。", "？", "！", "…")
_CLOSING = "\"'”’»)]）」』"


def passages(
    recording: Recording, events: Sequence[Event], cues: Sequence[Cue], chapters: Sequence[Chapter]
) -> tuple[Passage, ...]:
    """The passages of ``recording``, in order of time. Chapters are made of events, and add no text of their own."""
    shown = [_shown(recording, event) for event in events if _text(event)]
    spoken = [
        passage
        for (language, _), lines in _tracks(cues).items()
        for passage in _spoken(recording, language, Source.SPEECH if lines[0].transcribed else Source.SUBTITLE, lines)
    ]
    return tuple(sorted(shown + spoken, key=lambda passage: (passage.span, passage.source, passage.text)))


def _shown(recording: Recording, event: Event) -> Passage:
    return Passage(recording.id, event.span, _text(event)[:LONGEST_TEXT], event.source)


def _text(event: Event) -> str:
    """The words by which ``event`` is found; empty where there are none that tell it from others of its source."""
    label, text = event.label.strip(), event.description.strip()
    if event.source is Source.MODEL:
        return text if label.casefold() in text.casefold() else "\n".join(part for part in (label, text) if part)
    if event.source is Source.SLIDE and text and event.label not in text:
        return f"{event.label}\n{text}"
    return text


def _tracks(cues: Sequence[Cue]) -> dict[tuple[str | None, str], list[Cue]]:
    """The cues of each language and track in order of time; a track that says what another one says is left out.

    What a model heard is left out before what somebody wrote down.
    """
    tracks: dict[tuple[str | None, str], list[Cue]] = {}
    for cue in sorted(cues, key=lambda cue: cue.span):
        if cue.text.strip():
            tracks.setdefault((cue.language, cue.track), []).append(cue)
    said: dict[tuple[str, ...], tuple[str | None, str]] = {}
    for key, lines in sorted(tracks.items(), key=lambda track: track[1][0].transcribed):
        said.setdefault(tuple(cue.text for cue in lines), key)
    return {key: tracks[key] for key in said.values()}


def _spoken(recording: Recording, language: str | None, source: Source, cues: Sequence[Cue]) -> Iterator[Passage]:
    for first, behind in windows(cues):
        lines = cues[first:behind]
        span = Span(lines[0].span.start, max(cue.span.end for cue in lines))
        within = span.intersection(Span(ZERO, recording.length)) if recording.length > ZERO else span
        if within is not None:
            text = " ".join(" ".join(cue.text.split()) for cue in lines)
            yield Passage(recording.id, within, text[:LONGEST_TEXT], source, language)


def windows(cues: Sequence[Cue]) -> list[tuple[int, int]]:
    """The windows over ``cues``, which are in order of time: the number of each one's first cue, and the one behind."""
    starts = [cue.span.start for cue in cues]
    ends = [number for number, cue in enumerate(cues, 1) if _ends_sentence(cue, cues[number : number + 1])]
    beginnings = sorted({0, *(number for number in ends if number < len(cues))})
    times = [starts[number] for number in beginnings]
    finishes = list(accumulate((cues[number - 1].span.end for number in ends), max))
    found: list[tuple[int, int]] = []
    time = starts[0] if starts else ZERO
    while starts and time <= starts[-1]:
        near = _nearest(times, time)
        first = bisect_left(starts, time) if near is None else beginnings[near]
        near = _nearest(finishes, starts[first] + LENGTH)
        behind = bisect_left(starts, starts[first] + LENGTH) if near is None else ends[near]
        window = (first, max(behind, first + 1))
        if not found or window > found[-1]:
            found.append(window)
        following = bisect_left(starts, time + STEP)
        time = max(time + STEP, starts[following] - REACH) if following < len(starts) else time + STEP
    return found


def _ends_sentence(cue: Cue, following: Sequence[Cue]) -> bool:
    if cue.text.rstrip().rstrip(_CLOSING).endswith(_ENDINGS) or not following:
        return True
    return following[0].span.start - cue.span.end > PAUSE


def _nearest(times: Sequence[timedelta], time: timedelta) -> int | None:
    """The place in rising ``times`` of the one nearest to ``time``, within reach."""
    place = bisect_left(times, time)
    near = [number for number in (place - 1, place) if 0 <= number < len(times) and abs(times[number] - time) <= REACH]
    return min(near, key=lambda number: abs(times[number] - time)) if near else None
