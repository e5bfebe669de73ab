"""Draws the small scenes on which the tiny model learns to see: shapes and figures that come, move, stop and go.

A person and a van are those of the samples; before a plain ground or a piece of the samples' yard.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from samples.backdrop import Backdrop, Disturbance
from samples.encoding import Image
from samples.figures import Figure, Look, draw_figure

SIDE = 64
"""Width and height of a picture in pixels."""
LABELS = (
    "red square",
    "green square",
    "blue square",
    "red pillar",
    "yellow disc",
    "blue pillar",
    "person",
    "van",
)
_COLOURS = {"red": (40, 40, 215), "green": (60, 170, 50), "blue": (210, 90, 30), "yellow": (40, 215, 235)}
_SHIFT = 4
_SEEN = 0.5
"""The share of a thing that must be in the picture for it to count as seen."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Something that comes, moves, stops and goes.

    ``path`` is a row of (moment, x, y): where its centre is at which moment, straight lines between; before the first
    and after the last it is not in the scene. ``size`` is its height in pixels, ``shade`` how much lighter or darker it
    is than its plain colour.
    """

    label: str
    size: float
    path: tuple[tuple[float, float, float], ...]
    shade: int = 0

    def at(self, moment: float) -> tuple[float, float] | None:
        """The centre at ``moment``; None while it is not in the scene."""
        times, columns, rows = zip(*self.path, strict=True)
        if not times[0] <= moment <= times[-1]:
            return None
        return float(np.interp(moment, times, columns)), float(np.interp(moment, times, rows))

    def shown(self, moment: float) -> float:
        """The share of it that is in the picture, 0 to 1."""
        centre = self.at(moment)
        if centre is None:
            return 0.0
        share = 1.0
        for where, half in zip(centre, (self.half_width, self.size / 2), strict=True):
            share *= max(0.0, min(SIDE, where + half) - max(0.0, where - half)) / (2 * half)
        return share

    def hides(self, other: Actor, moment: float) -> bool:
        """True where the two cover more than a fourth of the smaller at ``moment``."""
        one, two = self.at(moment), other.at(moment)
        if one is None or two is None:
            return False
        shared = smaller = 1.0
        for axis, (half, its_half) in enumerate(((self.half_width, other.half_width), (self.size / 2, other.size / 2))):
            shared *= max(
                0.0, min(one[axis] + half, two[axis] + its_half) - max(one[axis] - half, two[axis] - its_half)
            )
            smaller *= 2 * min(half, its_half)
        return shared > smaller / 4

    @property
    def half_width(self) -> float:
        return {"person": 0.2, "van": 1.0, "pillar": 0.18}.get(self.label.rpartition(" ")[2], 0.5) * self.size


@dataclass(frozen=True, slots=True)
class Scene:
    """What happens before one ground. ``light`` is a gain of all of it, ``noise`` a deviation in grey levels."""

    ground: Image
    actors: tuple[Actor, ...]
    light: float = 1.0
    noise: float = 0.0
    seed: int = 0

    def paint(self, moment: float) -> Image:
        """The picture at ``moment``."""
        image = self.ground.copy()
        for actor in self.actors:
            centre = actor.at(moment)
            if centre is not None:
                _draw(image, actor, centre)
        if self.light != 1.0:
            cv2.convertScaleAbs(image, dst=image, alpha=self.light)
        if self.noise:
            grain = _grain()[(self.seed + round(moment * 977)) % len(_grain())]
            image = cv2.add(image, grain * self.noise, dtype=cv2.CV_8U)
        return image

    def seen(self, moment: float) -> frozenset[str]:
        """The labels of what is seen at ``moment``."""
        return frozenset(actor.label for actor in self.actors if actor.shown(moment) >= _SEEN)


def draw_ground(random: np.random.Generator, *, plain: bool) -> Image:
    """A ground to act before: one grey with a soft slope, or a piece of the samples' yard."""
    if plain:
        base = random.uniform(60, 200) + random.uniform(-12, 12, 3)
        slope = np.linspace(-1, 1, SIDE)[:, None, None] * random.uniform(-25, 25, 3)
        return np.clip(base + slope + np.zeros((SIDE, SIDE, 1)), 0, 255).astype(np.uint8)
    yard = _yard()
    side = int(random.integers(180, 420))
    top, left = (int(random.integers(0, length - side)) for length in yard.shape[:2])
    piece = cv2.resize(yard[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return piece[:, ::-1].copy() if random.random() < 0.5 else piece


def draw_actor(random: np.random.Generator, label: str, path: Sequence[tuple[float, float, float]]) -> Actor:
    """An actor of a size that its kind has."""
    low, high = {"person": (30, 48), "van": (15, 21), "pillar": (36, 52)}.get(label.rpartition(" ")[2], (17, 28))
    return Actor(label, float(random.uniform(low, high)), tuple(path), int(random.integers(-20, 21)))


def draw_scene(random: np.random.Generator, last: float) -> Scene:
    """What happens between the moments 0 and ``last``: up to three things come, move, stop and go, each once."""
    actors: list[Actor] = []
    for label in random.permutation(len(LABELS))[: random.choice(4, p=[0.06, 0.34, 0.4, 0.2])]:
        for _try in range(8):
            actor = draw_actor(random, LABELS[label], [(0.0, 0.0, 0.0)])
            actor = replace(actor, path=_draw_path(random, actor.half_width, actor.size / 2, last))
            if not any(actor.hides(other, moment) for other in actors for moment in np.arange(0, last + 0.5, 0.5)):
                actors.append(actor)
                break
    ground = draw_ground(random, plain=random.random() < 0.4)
    light, noise = float(random.uniform(0.8, 1.15)), float(random.uniform(0, 6))
    return Scene(ground, tuple(actors), light, noise, int(random.integers(1000)))


def _draw_path(
    random: np.random.Generator, wide: float, high: float, last: float
) -> tuple[tuple[float, float, float], ...]:
    """A visit: in from a side or of a sudden, there for a while, moving and stopping, and away again."""
    row = random.uniform(high, SIDE - high)
    columns = random.uniform(wide, SIDE - wide, 2)
    come = random.uniform(-0.3 * last, 0.8 * last)
    go = come + max(2.5, random.uniform(0.1, 0.8) * last)
    enters, leaves = random.uniform(0.1, min(1.5, (go - come) / 3), 2)
    sides = [(-wide, SIDE + wide)[side] for side in random.integers(0, 2, 2)]
    if random.random() < 0.25:
        sides = list(columns)
    rests = np.sort(random.uniform(come + enters, go - leaves, 2))
    return (
        (come, sides[0], row),
        (come + enters, columns[0], row),
        (rests[0], columns[0], row),
        (rests[1], columns[1], row),
        (go - leaves, columns[1], row),
        (go, sides[1], row),
    )


def _draw(image: Image, actor: Actor, centre: tuple[float, float]) -> None:
    x, y = centre
    half = actor.size / 2
    if actor.label in ("person", "van"):
        look = Look.PERSON if actor.label == "person" else Look.VAN
        draw_figure(image, Figure(look, x, y + half, actor.size, stride=x / 8, leftwards=actor.shade < 0))
        return
    colour_name, shape = actor.label.split()
    colour = tuple(int(np.clip(value + actor.shade, 0, 255)) for value in _COLOURS[colour_name])
    column, row, wide, high = (round(value * (1 << _SHIFT)) for value in (x, y, actor.half_width, half))
    if shape == "disc":
        cv2.ellipse(image, (column, row), (wide, high), 0, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)
    else:
        corners = (column - wide, row - high), (column + wide, row + high)
        cv2.rectangle(image, *corners, colour, -1, cv2.LINE_AA, _SHIFT)


@functools.cache
def _yard() -> Image:
    return Backdrop(seed=7).paint(0.0, (), Disturbance())


@functools.cache
def _grain() -> NDArray[np.float32]:
    return np.random.default_rng(5).normal(0, 1, (64, SIDE, SIDE, 3)).astype(np.float32)
