"""Scenes with all disturbances at once, encoded and decoded back: what the gate has to tell arrivals from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.gate.gating import LUMA_LONG_SIDE
from samples.backdrop import HEIGHT, WIDTH, Backdrop, Disturbance
from samples.encoding import Encoding, Image, encode
from samples.figures import Figure, Look

FPS = 5
"""Enough for codec artefacts between samples a second apart, and a third of the work of 15."""

CLOCK_BEGINS = datetime(2026, 5, 9, 22, 41, 40)  # noqa: DTZ001 - what a camera burns in has no zone
_KEEP_OUT = ((820, 20, 1280, 520), (0, 0, 360, 70))
"""The tree, behind which an arrival would be hidden, and the clock, as left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something ``size`` pixels large that is there from second ``start`` for ``lasts`` seconds.

    It begins at (x, y) and moves ``speed`` pixels a second in direction ``angle`` (radians); it is ``contrast`` grey
    levels lighter than what it begins in front of, or darker where negative. Pixels are those of 1280x720.
    """

    start: float
    size: float
    speed: float
    contrast: int
    x: float
    y: float
    angle: float
    look: Look = Look.BLOB
    lasts: float = 9.0

    def at(self, now: float, tone: int) -> Figure | None:
        if not self.start <= now < self.start + self.lasts:
            return None
        gone = (now - self.start) * self.speed
        x, y = self.x + gone * np.cos(self.angle), self.y + gone * np.sin(self.angle)
        return Figure(
            self.look, float(x), float(y) + self.size / 2, self.size, stride=2.2 * gone / self.size, tone=tone
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """A disturbed yard of ``seconds``; ``light_steps`` are the seconds at which the light changes, and by what gain.

    Every second light step takes only a part of the picture, with a soft border, as a lamp or a cloud's edge does.
    """

    seed: int
    seconds: float
    arrivals: tuple[Arrival, ...] = ()
    light_steps: tuple[tuple[float, float], ...] = ()
    disturbance: Disturbance = Disturbance(noise=4.0, sway=2.5, flicker=0.006)
    kbits: int = 300
    clock_size: float = 0.9

    def images(self) -> Iterator[Image]:
        backdrop = Backdrop(seed=self.seed, wind_seed=1)
        empty = backdrop.paint(0.0, (), Disturbance())
        tones = [_tone(empty, arrival) for arrival in self.arrivals]
        random = np.random.default_rng(self.seed)
        exposure = 1.0
        partial = _soft_part(random)
        for number in range(round(self.seconds * FPS)):
            now = number / FPS
            pairs = zip(self.arrivals, tones, strict=True)
            figures = [figure for arrival, tone in pairs if (figure := arrival.at(now, tone)) is not None]
            # Auto-exposure hunts: a slow walk that is drawn back to its middle.
            exposure += 0.004 * float(random.standard_normal()) - 0.03 * (exposure - 1.0)
            light: float | NDArray[np.float32] = exposure
            for count, (second, gain) in enumerate(self.light_steps):
                if now >= second:
                    light = light * (1 + (gain - 1) * partial) if count % 2 else light * gain
            clock = CLOCK_BEGINS + timedelta(seconds=now)
            yield backdrop.paint(now, figures, self.disturbance, light=light, clock=clock, clock_size=self.clock_size)

    def write(self, path: Path) -> None:
        """Encodes the scene as H.264 of a constant bit rate, a keyframe every two seconds."""
        encode(path, self.images(), Encoding(fps=FPS, gop=2 * FPS, kbits=self.kbits, preset="superfast", threads=1))


def disturbed_scene(
    seed: int, kinds: Sequence[tuple[float, float]], *, contrasts: tuple[int, int] = (20, 60), kbits: int = 300
) -> Scene:
    """A scene in which something arrives every 22 s after 40 s in which nobody comes; each goes its own random way.

    ``kinds`` are the size and the speed of each; the absolute contrast lies within ``contrasts``. Between arrivals
    the light steps down and up, all over and in part.
    """
    random = np.random.default_rng([seed, len(kinds)])
    arrivals = []
    for number, (size, speed) in enumerate(kinds):
        start = 40.0 + 22.0 * number + float(random.uniform(0, 2))
        contrast = int(random.integers(*contrasts, endpoint=True)) * int(random.choice((-1, 1)))
        x, y, angle = _way(random, speed * 9.0)
        arrivals.append(Arrival(start, size, speed, contrast, x, y, angle))
    seconds = 40.0 + 22.0 * len(kinds)
    steps = ((53.0 + 44.0 * number, gain) for number, gain in enumerate((0.8, 1.3, 1.2, 0.8)))
    return Scene(seed, seconds, tuple(arrivals), tuple(step for step in steps if step[0] < seconds), kbits=kbits)


def luma_at_one_fps(
    path: Path, long_side: int = 640, period: float = 1.0
) -> Iterator[tuple[timedelta, NDArray[np.uint8]]]:
    """The brightness of every frame nearest behind each second, as the sampler hands it to the gate."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        first: float | None = None
        due = 0.0
        for number, frame in enumerate(container.decode(stream)):
            time = frame.time if frame.time is not None else number / float(stream.average_rate or 25)
            first = time if first is None else first
            if time - first < due - 1e-6:
                continue
            due += 1.0
            scale = min(1.0, LUMA_LONG_SIDE / max(frame.width, frame.height))
            width, height = round(frame.width * scale / 2) * 2, round(frame.height * scale / 2) * 2
            small = frame.reformat(width, height, "gray", interpolation="AREA")
            yield timedelta(seconds=time - first), small.to_ndarray()


def _tone(empty: Image, arrival: Arrival) -> int:
    half = max(4, round(arrival.size))
    row, column = round(arrival.y), round(arrival.x)
    around = cv2.cvtColor(
        empty[max(0, row - half) : row + half, max(0, column - half) : column + half], cv2.COLOR_BGR2GRAY
    )
    return int(np.clip(float(around.mean()) + arrival.contrast, 0, 255))


def _way(random: np.random.Generator, distance: float) -> tuple[float, float, float]:
    """Where an arrival begins and which way it goes, so that it stays in the picture and clear of what hides it."""
    while True:
        x, y = float(random.uniform(40, WIDTH - 40)), float(random.uniform(60, HEIGHT - 40))
        angle = float(random.uniform(0, 2 * np.pi))
        points = [(x + along * np.cos(angle), y + along * np.sin(angle)) for along in np.linspace(0, distance, 12)]
        inside = all(24 < column < WIDTH - 24 and 24 < row < HEIGHT - 24 for column, row in points)
        hidden = any(
            left - 24 < column < right + 24 and top - 24 < row < bottom + 24
            for column, row in points
            for left, top, right, bottom in _KEEP_OUT
        )
        if inside and not hidden:
            return x, y, angle


def _soft_part(random: np.random.Generator) -> NDArray[np.float32]:
    """1 where a partial light step falls, 0 elsewhere, over (720, 1280); the border is about 100 pixels wide."""
    part = np.zeros((HEIGHT, WIDTH), np.float32)
    centre = (int(random.integers(200, 1000)), int(random.integers(200, 600)))
    cv2.circle(part, centre, int(random.integers(250, 450)), 1.0, -1)
    return cv2.GaussianBlur(part, (0, 0), 30).astype(np.float32)
