"""Renders the samples: ``python -m samples.render [--scene lecture|yard] [--hours N] [--out DIR]``.

Without ``--hours`` the recordings are those that are kept in this folder. With it each is as long as asked: a few
differing parts are encoded and repeated round and round, packets copied, so that hours take minutes.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samples import lecture, yard
from samples.encoding import Encoding, Image, encode, repeat
from samples.fonts import FontsMissing, require_fonts
from samples.truth import Asked, Happened, write_truth

PARTS = 3
"""How many differing parts a long recording is made of."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene that can be rendered. ``images`` draws its part number n, always ``length()`` seconds of it."""

    name: str
    length: Callable[[], float]
    images: Callable[[int], Iterator[Image]]
    kept: Encoding
    long: Encoding
    questions: Callable[[], Sequence[Asked]]
    happenings: Callable[[], Sequence[Happened]]
    subtitles: Callable[[str, float, int], str] | None = None


SCENES = {
    "lecture": Scene(
        "lecture",
        lecture.length,
        lecture.images,
        kept=Encoding(fps=lecture.FPS, gop=250, crf=30, preset="medium"),
        long=Encoding(fps=lecture.FPS, gop=250, crf=24, preset="superfast"),
        questions=lecture.questions,
        happenings=lecture.happenings,
        subtitles=lecture.subtitles,
    ),
    "yard": Scene(
        "yard",
        yard.length,
        yard.images,
        kept=Encoding(fps=yard.FPS, gop=2 * yard.FPS, kbits=yard.KEPT_KBITS, preset="slow"),
        long=Encoding(fps=yard.FPS, gop=2 * yard.FPS, kbits=1000, preset="superfast"),
        questions=yard.questions,
        happenings=yard.happenings,
    ),
}


def render(scene: str, path: Path, *, minutes: float | None = None) -> float:
    """Writes the mp4 file ``path`` with its subtitles and its truth beside it; returns its length in seconds.

    Without ``minutes`` it is the kept sample; with it the file is at least that long, in whole parts. Questions are
    written for the kept sample alone: in a long recording the same thing happens in every part.
    """
    source = SCENES[scene]
    length = source.length()
    times = 1 if minutes is None else math.ceil(minutes * 60 / length)
    if minutes is None:
        encode(path, source.images(1), source.kept)
    else:
        with tempfile.TemporaryDirectory() as folder:
            parts = [Path(folder) / f"{number}.mp4" for number in range(1, min(times, PARTS) + 1)]
            for number, part in enumerate(parts, 1):
                encode(part, source.images(number), source.long)
            repeat(parts, times, path)
    _write_beside(source, path, times)
    return times * length


def main(arguments: Sequence[str] | None = None) -> int:
    """Renders what the command line asks for; 2 where fonts are missing."""
    parser = argparse.ArgumentParser(prog="python -m samples.render", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--scene", choices=sorted(SCENES), help="one scene instead of all")
    parser.add_argument("--hours", type=float, help="how long; without it the samples that are kept are rendered")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="the folder to write to")
    options = parser.parse_args(arguments)
    try:
        require_fonts()
    except FontsMissing as error:
        print(error, file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    for scene in [options.scene] if options.scene else sorted(SCENES):
        path = options.out / (f"{scene}.mp4" if options.hours is None else f"{scene}-{options.hours:g}h.mp4")
        seconds = render(scene, path, minutes=None if options.hours is None else options.hours * 60)
        print(f"{path}: {seconds:.0f} s, {path.stat().st_size / 1e6:.2f} MB")
    return 0


def _write_beside(source: Scene, path: Path, times: int) -> None:
    length = source.length()
    if source.subtitles is not None:
        for language, suffix in (("en", ".srt"), ("zh", ".zh.srt")):
            cues = source.subtitles(language, 0.0, 1)
            count = cues.count(" --> ")
            text = "".join(source.subtitles(language, turn * length, 1 + turn * count) for turn in range(times))
            path.with_suffix(suffix).write_text(text, encoding="utf-8")
    happened = [
        replace(event, span=(event.span[0] + turn * length, event.span[1] + turn * length))
        for turn in range(times)
        for event in source.happenings()
    ]
    write_truth(path.with_suffix(".truth.jsonl"), path.name, source.questions() if times == 1 else (), happened)


if __name__ == "__main__":
    sys.exit(main())
