"""Encodes drawn pictures as H.264, and repeats what is encoded without encoding it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture in the order blue, green, red: shape (height, width, 3)."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How pictures become H.264. ``kbits`` a second is a constant bit rate; without it ``crf`` holds the quality."""

    fps: int
    gop: int
    kbits: int | None = None
    crf: int = 28
    preset: str = "veryfast"
    threads: int = 2

    def options(self) -> dict[str, str]:
        common = {"preset": self.preset, "sc_threshold": "0", "bf": "2", "flags": "+cgop"}
        # sliced-threads off: some RTSP servers split sliced keyframes into broken pictures.
        x264 = f"keyint={self.gop}:min-keyint={self.gop}:scenecut=0:open-gop=0:sliced-threads=0"
        if self.kbits is None:
            return common | {"crf": str(self.crf), "x264-params": x264}
        rate = f":bitrate={self.kbits}:vbv-maxrate={self.kbits}:vbv-bufsize={self.kbits}:nal-hrd=cbr"
        # filler would only pad the file to the rate: the artefacts are those of constant bit rate without it.
        return common | {"x264-params": x264 + rate + ":filler=0"}


def encode(path: Path, images: Iterable[Image], encoding: Encoding) -> None:
    """Writes ``images`` to the mp4 file ``path``, one every ``1 / encoding.fps`` seconds.

    An image that is the very same object as the one before it is not converted again.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream: Any = None
        before: Image | None = None
        for number, image in enumerate(images):
            if stream is None:
                stream = container.add_stream("libx264", rate=encoding.fps, options=encoding.options())
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.gop_size = encoding.gop
                stream.codec_context.thread_count = encoding.threads
            if image is not before:
                planes = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p").to_ndarray()
                before = image
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, encoding.fps)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))


def beginning(source: Path, seconds: float, path: Path) -> None:
    """Writes ``source``, an mp4 file that ``encode`` wrote, to ``path`` up to its first keyframe at or behind
    ``seconds``, by copying its packets.
    """
    with av.open(str(source)) as whole, av.open(str(path), "w", format="mp4") as out:
        video = whole.streams.video[0]
        stream = out.add_stream_from_template(video)
        for packet in whole.demux(video):
            if packet.pts is None or (packet.is_keyframe and packet.pts * packet.time_base >= seconds):
                break
            packet.stream = stream
            out.mux(packet)


def repeat(parts: Sequence[Path], times: int, path: Path) -> None:
    """Writes ``parts`` one after another, round and round, ``times`` parts in all, by copying their packets.

    All parts are as long and were written by ``encode`` with the same ``Encoding``.
    """
    with av.open(str(path), "w", format="mp4") as out:
        stream: Any = None
        offset = 0
        for turn in range(times):
            with av.open(str(parts[turn % len(parts)])) as source:
                video = source.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    packet.pts = offset + (packet.pts or 0)
                    packet.dts = offset + packet.dts
                    packet.stream = stream
                    out.mux(packet)
                offset += video.duration or 0
