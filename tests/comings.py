"""A quiet place through which something large goes now and then: footage that gives alerts at known times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, RATE = 320, 192, 10
_BOX = 48
_OPTIONS = {"preset": "veryfast", "threads": "1", "sliced-threads": "0", "tune": "zerolatency"}


def comings(path: Path, seconds: int, spans: Sequence[tuple[float, float]], rate: int = RATE) -> Path:
    """A clip of ``seconds`` in which a white box goes from left to right in each of ``spans``; a keyframe a second."""
    chance = np.random.default_rng(3)
    empty = np.kron(chance.integers(90, 150, (HEIGHT // 16, WIDTH // 16, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options=_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = rate
        for number in range(seconds * rate):
            image = empty.copy()
            for start, end in spans:
                if start <= (now := number / rate) < end:
                    left = int((now - start) / (end - start) * (WIDTH - _BOX))
                    image[80:160, left : left + _BOX] = 250
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path
