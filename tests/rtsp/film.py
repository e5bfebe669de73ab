"""A clip as a camera would send it: its pictures in the order they are decoded in, without the container."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

from tests.needs import program

CLOCK = 90_000
"""Ticks a second of every time stamp of pictures in RTP."""
_START = re.compile(b"\0\0\1")
_FILTERS = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_ENCODERS = {
    "h264": ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-x264-params", "sliced-threads=0"],
    "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "bframes=0:log-level=none:pools=none"],
    "mjpeg": ["-c:v", "mjpeg", "-huffman", "default", "-q:v", "5", "-pix_fmt", "yuvj420p"],
}


@dataclass(frozen=True)
class Picture:
    """One encoded picture: NAL units without start codes, or one whole JPEG.

    ``due`` and ``shown`` are ticks from the film's start: when it is sent, and its time stamp.
    """

    due: int
    shown: int
    parts: tuple[bytes, ...]
    key: bool


@dataclass(frozen=True)
class Film:
    """What a server plays in a loop. ``length`` is in ticks; ``codec`` is h264, hevc or mjpeg."""

    codec: str
    width: int
    height: int
    rate: Fraction
    length: int
    pictures: tuple[Picture, ...]

    @property
    def headers(self) -> tuple[bytes, ...]:
        """The parameter sets that the first picture carries."""
        kinds = {"h264": range(7, 9), "hevc": range(32, 35), "mjpeg": range(0)}[self.codec]
        return tuple(part for part in self.pictures[0].parts if kind_of(self.codec, part) in kinds)


def kind_of(codec: str, unit: bytes) -> int:
    """The NAL unit's type."""
    return unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63


@cache
def film(path: Path) -> Film:
    """The pictures of the clip at ``path``, as they are."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec, base = stream.codec_context.name, stream.time_base
        assert base is not None
        times, pictures = list[tuple[int, int]](), list[tuple[tuple[bytes, ...], bool]]()
        for packet in _plain(container, stream, codec):
            assert packet.dts is not None
            assert packet.pts is not None
            times.append((round(packet.dts * base * CLOCK), round(packet.pts * base * CLOCK)))
            parts = (bytes(packet),) if codec == "mjpeg" else tuple(_units(bytes(packet)))
            pictures.append((parts, packet.is_keyframe))
        rate = stream.average_rate
        assert rate is not None
        width, height = stream.codec_context.width, stream.codec_context.height
    began, shown = times[0][0], min(time for _, time in times)
    return Film(
        codec,
        width,
        height,
        rate,
        times[-1][0] - began + round(CLOCK / rate),
        tuple(
            Picture(due - began, seen - shown, parts, key)
            for (due, seen), (parts, key) in zip(times, pictures, strict=True)
        ),
    )


def shot_anew(
    source: Path,
    target: Path,
    *,
    seconds: float = 4,
    start: float = 0,
    codec: str = "h264",
    size: tuple[int, int] = (320, 180),
    rate: int = 10,
    gop: int = 10,
) -> Film:
    """A stretch of ``source`` encoded as cameras do it, without pictures that wait for later ones."""
    width, height = size
    command = [program("ffmpeg"), "-v", "error", "-y", "-threads", "1", "-ss", f"{start}", "-t", f"{seconds}"]
    shape = ["-an", "-vf", f"fps={rate},scale={width}:{height}", "-pix_fmt", "yuv420p", "-g", f"{gop}"]
    coding = [*_ENCODERS[codec], "-threads", "1", "-video_track_timescale", f"{CLOCK}"]
    subprocess.run([*command, "-i", source, *shape, *coding, "-f", "mp4", target], check=True)
    return film(target)


def _plain(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, codec: str
) -> Iterator[av.Packet]:
    """The packets, those of H.264 and H.265 with start codes and with parameter sets before keyframes."""
    packets = (packet for packet in container.demux(stream) if packet.dts is not None)
    if codec not in _FILTERS:
        yield from packets
        return
    bits = BitStreamFilterContext(_FILTERS[codec], stream)
    for packet in packets:
        yield from bits.filter(packet)
    yield from bits.filter(None)


def _units(data: bytes) -> Iterator[bytes]:
    """The NAL units of a byte stream (ITU-T H.264, Annex B)."""
    starts = [found.end() for found in _START.finditer(data)]
    for start, end in zip(starts, [*(start - 3 for start in starts[1:]), len(data)], strict=True):
        yield data[start:end].rstrip(b"\0")
