"""What is known of a recording, as lines for a model to sum up. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby

from videoqa.events import Chapter, Event, Source
from videoqa.media import Cue
from videoqa.times import clock

LONGEST_LINE = 600
"""Characters of a line: half a minute of the fastest speech."""
TOGETHER = timedelta(seconds=30)
"""How much of what is said goes on one line."""
_BARE = frozenset({Source.MOTION, Source.SHOT})


def outline(chapters: Sequence[Chapter], events: Sequence[Event], cues: Sequence[Cue]) -> list[str]:
    """A line for each chapter, event and half minute of what is said, in order of time, each beginning with its time.

    Where a model has seen events, mere motion and shots add nothing.
    """
    told = any(event.source is Source.MODEL for event in events)
    lines = [(chapter.span.start, 0, f"Chapter: {chapter.title}") for chapter in chapters]
    lines += [
        (event.span.start, 1, f"{event.source.value}: {event.description or event.label}")
        for event in events
        if not (told and event.source in _BARE)
    ]
    lines += [(start, 2, f"said: {text}") for start, text in _said(cues)]
    return [f"{clock(start)} {_flat(text)}" for start, _, text in sorted(lines)]


def _said(cues: Sequence[Cue]) -> Iterable[tuple[timedelta, str]]:
    """What is said, on lines of half a minute, of the track that says most: others say it in another language."""
    if not cues:
        return
    most = Counter[tuple[str | None, str]]()
    for cue in cues:
        most[cue.language, cue.track] += len(cue.text)
    (track, _), *_ = most.most_common(1)
    lines = sorted((cue for cue in cues if (cue.language, cue.track) == track), key=lambda cue: cue.span)
    for _, together in groupby(lines, key=lambda cue: cue.span.start // TOGETHER):
        said = list(together)
        yield said[0].span.start, " ".join(cue.text for cue in said)


def _flat(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_LINE else flat[: LONGEST_LINE - 1] + "…"
