"""Clips on disk for a whole test session, and what is true of them by another way of reading."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from ingest.sampling import size_of
from tests.clips import CLIPS
from videoqa.media import Sampling

_FOLDER = TemporaryDirectory(prefix="videoqa-clips-")


@cache
def clip(name: str) -> Path:
    """The clip of that name, written once."""
    return next(one for one in CLIPS if one.name == name).write(Path(_FOLDER.name))


@dataclass(frozen=True)
class Truth:
    """The pictures of a file by their microseconds on the container's axis, as digests of the sampled picture."""

    pictures: dict[int, str]

    @property
    def zero(self) -> int:
        """Where the recording begins: at the container's own zero, or with the first picture of a running clock."""
        first = min(self.pictures)
        return 0 if 0 <= first <= 60_000_000 else first


def decode_all(path: Path, sampling: Sampling, *, through_rgb: bool = False) -> Truth:
    """Decodes every picture of ``path`` in turn, with nothing left out.

    ``through_rgb``: as decoders do that give upright RGB in the footage's own size, which is then scaled.
    """
    pictures: dict[int, str] = {}
    with av.open(str(path)) as container:
        video = max(container.streams.video, key=lambda stream: stream.width * stream.height)
        counted = iter(_avi_times(path)) if container.format.name == "avi" else None
        for decoded in _frames(container, video):
            stamp = next(counted) if counted is not None else decoded.pts
            frame, turns = decoded, decoded.rotation // 90
            shown = (video.height, video.width) if turns % 2 else (video.width, video.height)
            if through_rgb:
                upright = np.rot90(decoded.to_ndarray(format="rgb24"), turns)
                frame, turns = av.VideoFrame.from_ndarray(np.ascontiguousarray(upright), format="rgb24"), 0
            width, height = size_of(*shown, sampling)[:: -1 if turns % 2 else 1]
            small = frame.reformat(width, height, "yuv420p", interpolation="AREA").to_ndarray(format="rgb24")
            pictures[round(stamp * video.time_base * 1_000_000)] = digest(np.rot90(small, turns))
    return Truth(pictures)


def digest(pixels: object) -> str:
    return sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def ffprobe_times(ffprobe: str, path: Path) -> set[int]:
    """Microseconds of the pictures of the largest video stream, by another program."""
    command = [ffprobe, "-v", "error", "-show_frames", "-select_streams", "v", "-of", "json", str(path)]
    command += ["-show_entries", "frame=pts_time,width,stream_index"]
    frames = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["frames"]
    widest = max(frame["width"] for frame in frames)
    return {round(float(frame["pts_time"]) * 1_000_000) for frame in frames if frame["width"] == widest}


def _frames(container: av.container.InputContainer, video: av.VideoStream) -> Iterator[av.VideoFrame]:
    for packet in container.demux(video):
        yield from packet.decode()


def _avi_times(path: Path) -> list[int]:
    """AVI has no presentation times: its pictures are shown one after another, at the places of its packets."""
    with av.open(str(path)) as container:
        return [packet.dts for packet in container.demux(video=0) if packet.size and packet.dts is not None]
