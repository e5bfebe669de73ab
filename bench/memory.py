"""How much memory indexing takes, and whether it grows with the footage."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.figure import Figure
from bench.product import footage, videoqa


def figures(full: bool) -> list[Figure]:
    """Peak memory of `videoqa index` on a short and a long lecture: 2 and 20 minutes, or 2 hours when ``full``."""
    short, long = 2, 120 if full else 20
    peaks = {}
    for minutes in (short, long):
        with tempfile.TemporaryDirectory() as data:
            peaks[minutes] = videoqa(["index", footage("lecture", minutes, drawn=False)], Path(data)).memory
    ratio = peaks[long] / peaks[short]
    return [
        Figure(f"peak memory, {long} min over {short} min", ratio, "x", "<= 1.1", ratio <= 1.1),
        Figure(f"peak memory of the whole tree, {long} min with OCR", peaks[long], "MB", "< 700", peaks[long] < 700),
    ]
