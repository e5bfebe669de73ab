"""Draws an empty yard and what a camera makes of it: noise, swaying leaves, light, a burned-in clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from samples.encoding import Image
from samples.figures import Figure, draw_figure

WIDTH, HEIGHT = 1280, 720
_MARGIN = 64
_TREE = (840, 30, 1270, 400)
"""Left, top, right and bottom of what sways."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What disturbs a quiet scene.

    ``noise`` is the standard deviation of the sensor's noise in grey levels, ``sway`` how many pixels leaves move to
    either side, ``flicker`` the standard deviation of the light's gain from frame to frame.
    """

    noise: float = 0.0
    sway: float = 0.0
    flicker: float = 0.0


class Backdrop:
    """A yard: a house, a hedge, a road, a tree. Equal seeds draw equal pictures."""

    def __init__(self, seed: int, wind_seed: int = 0) -> None:
        self._still = _draw_yard(np.random.default_rng(seed))
        self._random = np.random.default_rng([seed, wind_seed])
        left, top, right, bottom = _TREE
        height, width = bottom - top, right - left
        # Each leaf sways at its own phase: a smooth random field of phases.
        field = self._random.uniform(0, 2 * np.pi, (height // 12, width // 12)).astype(np.float32)
        self._phase = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
        self._columns, self._rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        grain = self._random.normal(0, 1, (HEIGHT + _MARGIN, WIDTH + _MARGIN)).astype(np.float32)
        self._grain = np.repeat(grain[:, :, None], 3, axis=2)
        self._noise: tuple[float, Image, Image] = (0.0, self._still, self._still)

    def paint(
        self,
        now: float,
        figures: Sequence[Figure],
        disturbance: Disturbance,
        *,
        light: float | NDArray[np.float32] = 1.0,
        clock: datetime | None = None,
        clock_size: float = 0.9,
    ) -> Image:
        """The yard at the second ``now``. ``light`` is a gain for all of it, or one for each pixel (720, 1280)."""
        image = self._still.copy()
        if disturbance.sway:
            self._sway(image, now, disturbance.sway)
        for figure in figures:
            draw_figure(image, figure)
        gain = light * float(1 + disturbance.flicker * self._random.standard_normal())
        if isinstance(gain, float):
            cv2.convertScaleAbs(image, dst=image, alpha=gain)
        else:
            cv2.multiply(image, np.repeat(gain[:, :, None], 3, axis=2), dst=image, dtype=cv2.CV_8U)
        if disturbance.noise:
            self._add_noise(image, disturbance.noise)
        if clock is not None:
            _burn_in(image, f"{clock:%Y-%m-%d %H:%M:%S}", clock_size)
        return image

    def _sway(self, image: Image, now: float, pixels: float) -> None:
        left, top, right, bottom = _TREE
        gust = 0.6 + 0.4 * np.sin(now * 0.21)
        along = np.sin(self._phase + now * 2.9) * pixels * gust
        across = np.cos(self._phase * 1.7 + now * 2.3) * 0.6 * pixels * gust
        swayed = cv2.remap(
            self._still[top:bottom, left:right],
            self._columns + along.astype(np.float32),
            self._rows + across.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        image[top:bottom, left:right] = np.where(_leaf_mask()[:, :, None], swayed, image[top:bottom, left:right])

    def _add_noise(self, image: Image, deviation: float) -> None:
        if self._noise[0] != deviation:
            grain = np.rint(self._grain * deviation)
            lighter, darker = np.clip(grain, 0, 255).astype(np.uint8), np.clip(-grain, 0, 255).astype(np.uint8)
            self._noise = (deviation, lighter, darker)
        x, y = (int(value) for value in self._random.integers(0, _MARGIN, 2))
        _, lighter, darker = self._noise
        window = np.s_[y : y + HEIGHT, x : x + WIDTH]
        cv2.add(image, lighter[window], dst=image)
        cv2.subtract(image, darker[window], dst=image)


def _leaf_mask() -> NDArray[np.bool_]:
    left, top, right, bottom = _TREE
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.ellipse(mask, ((right - left) // 2, 160), (200, 145), 0, 0, 360, 1, -1)
    return mask.astype(bool)


def _draw_yard(random: np.random.Generator) -> Image:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:300] = np.linspace((228, 216, 200), (214, 208, 202), 300)[:, None]
    image[300:] = np.linspace((92, 128, 122), (104, 122, 130), HEIGHT - 300)[:, None]
    cv2.rectangle(image, (540, 296), (WIDTH, 344), (88, 118, 106), -1)
    cv2.rectangle(image, (60, 110), (520, 520), (96, 118, 158), -1)
    for row in range(14):
        y = 110 + 30 * row
        cv2.line(image, (60, y), (520, y), (120, 138, 168), 1)
        for x in range(60 + 30 * (row % 2), 520, 60):
            cv2.line(image, (x, y), (x, min(y + 30, 520)), (120, 138, 168), 1)
    for x in (110, 240):
        cv2.rectangle(image, (x, 190), (x + 90, 300), (96, 84, 70), -1)
        cv2.rectangle(image, (x, 190), (x + 90, 300), (210, 214, 216), 5)
    cv2.rectangle(image, (385, 330), (475, 520), (52, 66, 92), -1)
    cv2.rectangle(image, (0, 540), (WIDTH, 640), (104, 102, 100), -1)
    for x in range(20, WIDTH, 120):
        cv2.rectangle(image, (x, 588), (x + 56, 593), (190, 192, 190), -1)
    for x in range(560, 840, 40):
        cv2.rectangle(image, (x, 380), (x + 8, 470), (62, 84, 108), -1)
    cv2.rectangle(image, (560, 398), (840, 408), (70, 92, 116), -1)
    left, top, right, _ = _TREE
    centre = (left + right) // 2
    cv2.rectangle(image, (centre - 18, top + 250), (centre + 18, 500), (48, 66, 84), -1)
    for _leaf in range(2600):
        angle, reach = random.uniform(0, 2 * np.pi), np.sqrt(random.uniform(0, 1))
        x, y = centre + 190 * reach * np.cos(angle), top + 160 + 136 * reach * np.sin(angle)
        shade = float(random.uniform(0.5, 1.25))
        colour = (50 * shade, 104 * shade, 70 * shade)
        cv2.ellipse(image, (round(x), round(y)), (7, 4), float(random.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return _with_texture(image, random)


def _with_texture(image: Image, random: np.random.Generator) -> Image:
    """The ground and the walls are not flat: gravel of two grain sizes, stronger towards the camera."""
    fine = random.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32)
    texture = 3 * cv2.GaussianBlur(fine, (0, 0), 1.2) * 3 + 12 * cv2.GaussianBlur(fine, (0, 0), 5) * 2
    strength = np.interp(np.arange(HEIGHT), [0, 290, 300, HEIGHT], [0.1, 0.1, 0.5, 1.2]).astype(np.float32)
    textured = image + (texture * strength[:, None])[:, :, None]
    return np.clip(textured, 0, 255).astype(np.uint8)


def _burn_in(image: Image, text: str, size: float) -> None:
    for colour, width in (((0, 0, 0), round(5.5 * size)), ((255, 255, 255), round(2.2 * size))):
        at = (24, 16 + round(33 * size))
        cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)
