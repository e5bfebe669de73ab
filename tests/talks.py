"""Talks on two subjects with subtitles, made searchable in a real archive without a file behind them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from videoqa.media import Coverage, CoverageState, CoveredSpan, Cue, Recording, RecordingState, Sampling, Span
from videoqa.passages import passages
from videoqa.ports import Archive

GARDEN = (
    "Today we plant tomatoes in the greenhouse. Water them every morning and keep the soil warm.",
    "Bees visit the blossoms in spring. Without bees there would be no fruit on the apple trees.",
    "The old lawn mower broke down again. We took the engine apart and cleaned the spark plug.",
    "In winter the pond freezes. We put a small heater in so that the fish survive the cold.",
    "Compost needs air and patience. Turn the heap once a month with a fork.",
)
MUSIC = (
    "A violin has four strings tuned in fifths. The bow is strung with horse hair.",
    "Bach wrote the chorale for the choir in Leipzig. The organ plays the bass line.",
    "A drum is struck in the middle for a deep tone. Near the rim it sounds brighter.",
    "The singer breathes before the phrase. Her voice carries to the last row.",
)
MINUTE = timedelta(minutes=1)


def add_talk(
    archive: Archive,
    title: str,
    sentences: Sequence[str],
    *,
    tags: Sequence[str] = (),
    started_at: datetime | None = None,
    camera: str = "",
) -> Recording:
    """Each of ``sentences`` fills a minute."""
    length = len(sentences) * MINUTE
    made = Recording(
        id=f"{zlib.crc32(title.encode()):08x}",
        title=title,
        source=f"/{title}",
        digest=title,
        length=length,
        state=RecordingState.QUEUED,
        started_at=started_at,
        tags=tuple(sorted(tags)),
        camera=camera,
    )
    recording = archive.add(made)
    cues = [Cue(Span(number * MINUTE, (number + 1) * MINUTE), text, "en") for number, text in enumerate(sentences)]
    looked = Coverage(length, (CoveredSpan(Span(timedelta(0), length), CoverageState.ANALYSED, 60),))
    analysis = archive.begin(recording.id, "test", Sampling(), length, cues)
    archive.finish(analysis, looked, (), passages(recording, (), cues, ()))
    return recording
