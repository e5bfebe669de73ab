"""How long `videoqa ask` takes on a warm index, as a whole process."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench.figure import Figure
from bench.product import SAMPLES, videoqa

_QUESTIONS = ("when does she explain the chain rule", "梯度下降", "when does something move on the left")


def figures(full: bool) -> list[Figure]:
    """Median and worst wall time over five rounds of three questions, twenty when ``full``."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        videoqa(["index", SAMPLES], data)
        videoqa(["ask", _QUESTIONS[0]], data)
        walls = [videoqa(["ask", question], data).wall for _ in range(20 if full else 5) for question in _QUESTIONS]
    return [
        Figure(
            "`videoqa ask`, median of whole processes",
            statistics.median(walls),
            "s",
            "<= 0.7",
            statistics.median(walls) <= 0.7,
        ),
        Figure("`videoqa ask`, slowest", max(walls), "s", "", None),
    ]
