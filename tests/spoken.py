"""Speech of which it is known what is said and when: spoken by espeak-ng, laid on a time line, put into a container."""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.needs import program

RATE = 48_000
MILLISECONDS = Fraction(1, 1000)
Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Line:
    """``text`` is spoken from ``at`` seconds on."""

    at: float
    text: str


@cache
def spoken(text: str) -> Samples:
    """``text`` in a voice, without the silence before and behind it; ``RATE`` samples a second."""
    said = subprocess.run([program("espeak-ng"), "--stdout", text], capture_output=True, check=True).stdout
    with wave.open(BytesIO(said)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)
    loud = np.flatnonzero(np.abs(samples) > 300)
    samples = samples[loud[0] : loud[-1] + 1]
    times = np.arange(len(samples) * RATE // rate) * rate / RATE
    return np.interp(times, np.arange(len(samples)), samples).astype(np.int16)


def track(seconds: float, lines: Sequence[Line] = (), noise: float = 0.0) -> Samples:
    """Sound of ``seconds`` in which ``lines`` are spoken, over even noise of ``noise`` of the full scale."""
    samples = np.random.default_rng(7).normal(0, 32767 * noise, round(seconds * RATE)) if noise else None
    sound = np.zeros(round(seconds * RATE)) if samples is None else samples
    for line in lines:
        voice, start = spoken(line.text), round(line.at * RATE)
        sound[start : start + len(voice)] += voice
    return np.clip(sound, -32768, 32767).astype(np.int16)


def write(
    path: Path,
    sound: Samples | None,
    *,
    codec: str = "aac",
    picture: bool = True,
    late: float = 0.0,
    gap: tuple[float, float] | None = None,
    start: float = 0.0,
) -> Path:
    """Puts ``sound``, beginning ``late`` seconds after the picture, into a container.

    Args:
        gap: from and to which second of the sound no packet of it is written.
        start: seconds by which every stamp is later than the container's zero.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10) if picture else None
        audio = container.add_stream(codec, rate=RATE, layout="mono") if sound is not None else None
        length = 0.0 if sound is None else late + len(sound) / RATE
        if video is not None:
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
            for number in range(round((length or 2) * 10)):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 256, np.uint8), format="rgb24")
                frame.pts, frame.time_base = round(start * 10) + number, Fraction(1, 10)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if audio is not None and sound is not None:
            for packet in _encoded(audio, sound, start + late):
                time = float((packet.pts or 0) * packet.time_base) - start - late
                if gap is None or not gap[0] <= time < gap[1]:
                    container.mux(packet)
    return path


def _encoded(stream: av.AudioStream, sound: Samples, start: float):  # type: ignore[no-untyped-def]
    for position in range(0, len(sound), RATE):
        frame = av.AudioFrame.from_ndarray(sound[None, position : position + RATE], format="s16", layout="mono")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = round(start * RATE) + position
        yield from stream.encode(frame)
    yield from stream.encode(None)
