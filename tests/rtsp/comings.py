"""A film in which something comes and goes, over and over, at times that are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from tests.rtsp.film import CLOCK, Film, film

_WIDTH, _HEIGHT, _RATE = 320, 192, 10
_BLOCK, _STEP = 48, 8


@dataclass(frozen=True)
class Comings:
    """``film`` is ``every`` seconds long; something crosses it from ``begins`` on, for ``lasts`` seconds."""

    film: Film
    every: float
    begins: float
    lasts: float

    def until(self, began: float, end: float) -> Iterator[tuple[float, float]]:
        """When something comes and is gone, of all that comes before ``end`` of a film played since ``began``."""
        comes = began + self.begins
        while comes < end:
            yield comes, comes + self.lasts
            comes += self.every


def comings(target: Path, *, every: float = 7.0, begins: float = 3.5, lasts: float = 2.0) -> Comings:
    noise = np.random.default_rng(1).integers(90, 110, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
    options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "sliced-threads=0", "threads": "1"}
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.codec_context.gop_size = _RATE // 2
        for number in range(round(every * _RATE)):
            picture, at = noise.copy(), number / _RATE - begins
            if 0 <= at < lasts:
                left = 16 + round(at * _RATE) * _STEP
                picture[64 : 64 + _BLOCK, left : left + _BLOCK] = (250, 250, 40)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    made = film(target)
    assert abs(made.length / CLOCK - every) < 0.01
    return Comings(made, every, begins, lasts)
