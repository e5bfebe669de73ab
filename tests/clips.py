"""Small moving pictures in every shape that footage comes in, written with PyAV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 160, 96
MILLISECONDS = Fraction(1, 1000)
X264 = {"preset": "veryfast", "threads": "1", "sliced-threads": "0"}


@dataclass(frozen=True)
class Clip:
    """How one clip is made. ``times`` are milliseconds of its pictures; every picture of it looks different."""

    name: str
    times: Sequence[int]
    codec: str = "libx264"
    gop: int = 25
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    rotation: int = 0
    size: tuple[int, int] = (WIDTH, HEIGHT)

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        with av.open(str(path), "w", options=dict(self.container_options)) as container:
            stream = container.add_stream(self.codec, rate=25, options=dict(self.options))
            stream.width, stream.height, stream.pix_fmt = *self.size, "yuv420p"
            stream.time_base = MILLISECONDS
            stream.codec_context.time_base = MILLISECONDS
            stream.codec_context.gop_size = self.gop
            if self.rotation:
                stream.set_display_rotation(self.rotation)
            for number, time in enumerate(self.times):
                frame = av.VideoFrame.from_ndarray(picture(number, self.size), format="rgb24")
                frame.pts, frame.time_base = time, MILLISECONDS
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path


def steady(seconds: float, rate: int = 25, start: int = 0) -> list[int]:
    """Milliseconds of pictures at a constant rate."""
    return [start + round(number * 1000 / rate) for number in range(int(seconds * rate))]


def picture(number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> NDArray[np.uint8]:
    """A picture that no other number gives: a drifting gradient, a block whose place tells the number, fine noise."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([(x + 3 * number) % 256, (2 * y + number) % 256, (x + y) % 256], axis=-1).astype(np.uint8)
    left, top = (number * 7) % (width - 16), (number * 5) % (height - 16)
    base[top : top + 16, left : left + 16] = (255, 255 - number % 256, number % 256)
    noise = np.random.default_rng(number).integers(0, 12, base.shape, dtype=np.uint8)
    return base // 2 + noise + 60


def variable(seconds: float) -> list[int]:
    """Milliseconds of pictures that come in bursts, with stills between."""
    times, now = [], 0
    random = np.random.default_rng(1)
    while now < seconds * 1000:
        times.append(now)
        now += int(random.choice([20, 33, 40, 100, 700]))
    return times


H264_B = X264 | {"bf": "3", "b-pyramid": "normal", "sc_threshold": "0"}
_X265 = "open-gop=1:keyint=40:min-keyint=40:bframes=3:log-level=none:pools=none:frame-threads=1"
_HEVC = {"preset": "ultrafast", "x265-params": _X265}
_VP9 = {"deadline": "realtime", "cpu-used": "8"}
_OPEN_GOP = H264_B | {"x264-params": "open-gop=1:keyint=40:min-keyint=40"}

CLIPS: tuple[Clip, ...] = (
    Clip("b-frames.mp4", steady(12), options=H264_B, gop=50),
    Clip("short-groups.mp4", steady(8), options=H264_B, gop=10),
    Clip("odd-groups.mkv", steady(12), options=H264_B, gop=33),
    Clip("all-keyframes.mp4", steady(4), options=X264, gop=1),
    Clip("variable-rate.mp4", variable(30), options=H264_B, gop=60),
    Clip("variable-rate.mkv", variable(30), options=H264_B, gop=60),
    Clip("late-start.mkv", steady(8, start=1075), options=H264_B, gop=50),
    Clip("late-start.mp4", steady(8, start=1075), options=H264_B | {"bf": "0"}, gop=50),
    Clip("open-groups-h264.mp4", steady(14), options=_OPEN_GOP),
    Clip(
        "open-groups-hevc.mp4",
        steady(14),
        codec="libx265",
        options=_HEVC,
    ),
    Clip(
        "open-groups-hevc.ts",
        steady(8),
        codec="libx265",
        options=_HEVC,
    ),
    Clip("broadcast.ts", steady(10), options=H264_B, gop=50),
    Clip("wrapping.ts", steady(10, start=95_443_717 - 5000), options=H264_B, gop=50),
    Clip("sparse-keyframes.mp4", steady(50), options=H264_B, gop=1200),
    Clip("intra-refresh.mp4", steady(8), options=X264 | {"intra-refresh": "1", "bf": "0"}, gop=50),
    Clip(
        "edit-list.mp4",
        steady(8, start=-480),
        options=H264_B,
        gop=50,
        container_options={"avoid_negative_ts": "disabled"},
    ),
    Clip("rotated.mp4", steady(4), options=H264_B, rotation=90),
    Clip("reordered.avi", steady(8), options=H264_B, gop=50),
    Clip("plain.avi", steady(8), codec="mpeg4", gop=12),
    Clip("reordered-mpeg4.avi", steady(8), codec="mpeg4", gop=12, options={"bf": "2"}),
    Clip("leap.mkv", [*steady(4), *steady(4, start=7_200_000)], options=H264_B, gop=50),
    Clip("vp9.webm", steady(8), codec="libvpx-vp9", gop=60, options=_VP9),
    Clip(
        "live.webm",
        steady(5),
        codec="libvpx-vp9",
        gop=60,
        options=_VP9,
        container_options={"live": "1"},
    ),
    Clip("av1.mkv", steady(6), codec="libsvtav1", gop=40, options={"preset": "12"}),
    Clip(
        "fragmented.mp4", steady(8), options=H264_B, gop=50, container_options={"movflags": "frag_keyframe+empty_moov"}
    ),
)
