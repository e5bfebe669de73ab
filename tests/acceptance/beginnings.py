"""The beginnings of the samples: all that they show, a slide that builds up and somebody who comes, in less time."""

from __future__ import annotations

from pathlib import Path

import pysubs2

from samples.encoding import beginning
from tests.acceptance.product import SAMPLES

SECONDS = {"lecture": 60.0, "yard": 100.0}


def beginnings(folder: Path) -> Path:
    """Writes ``lecture.mp4`` with its subtitles and ``yard.mp4`` to ``folder``; returns it."""
    folder.mkdir(parents=True)
    for name, seconds in SECONDS.items():
        beginning(SAMPLES / f"{name}.mp4", seconds, folder / f"{name}.mp4")
        for subtitles in SAMPLES.glob(f"{name}*.srt"):
            cues = pysubs2.load(str(subtitles))
            cues.events = [cue for cue in cues if cue.end <= 1000 * seconds]
            cues.save(str(folder / subtitles.name))
    return folder
