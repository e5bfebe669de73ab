"""How long indexing takes, as a share of the footage's length, OCR and all, in fresh data directories."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.figure import Figure
from bench.product import footage, videoqa

_SCENES = (("lecture", "slides, 720p30, GOP 250", 0.05), ("yard", "quiet yard, 720p15, GOP 2 s", 0.02))


def figures(full: bool) -> list[Figure]:
    """Wall time of `videoqa index` over the length of ten minutes or more of each scene, an hour when ``full``."""
    minutes = 60 if full else 10
    found = []
    for scene, means, target in _SCENES:
        path = footage(scene, minutes, drawn=full)
        with tempfile.TemporaryDirectory() as data:
            cost = videoqa(["index", path], Path(data))
            length = sum(item["length"] for item in json.loads(videoqa(["list", "--json"], Path(data)).output))
        share = cost.wall / length
        found.append(
            Figure(
                f"indexing {minutes} min of {means}",
                share,
                "x length",
                f"<= {target}",
                share <= target if cost.code == 0 else False,
                f"{cost.wall:.0f} s wall, {cost.processor:.0f} s CPU, {cost.memory:.0f} MB"
                + ("" if cost.code == 0 else f"; exit {cost.code}: {cost.output[-200:]}"),
            )
        )
    return found
