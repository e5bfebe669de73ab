"""Pictures drawn for the signals: slides of text, scenes with a thing in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from videoqa.analyser.sight import Sight, see

SIZE = (768, 448)


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """``pixels``, RGB of shape (height, width, 3), as a frame is kept."""
    done, buffer = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    return buffer.tobytes()


def slide(
    *lines: str, dark: bool = False, ink: Sequence[tuple[int, int, int, int]] = (), speaker: int | None = None
) -> bytes:
    """A slide of ``lines``, the first in large letters.

    ``ink`` are red strokes over it; ``speaker`` is how far right, in pixels, a speaker stands in a small camera picture
    in its lower right corner, before a shelf of books.
    """
    image = Image.new("RGB", SIZE, (24, 26, 32) if dark else (250, 250, 246))
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        font = ImageFont.load_default(36 if number == 0 else 24)
        draw.text((48, 30 + 56 * number + 20 * (number > 0)), line, (235, 235, 235) if dark else (20, 20, 30), font)
    for stroke in ink:
        draw.line(stroke, (210, 20, 20), 3)
    if speaker is not None:
        for number in range(24):
            shade = (37 * number * number) % 200 + 30
            draw.rectangle((576 + 8 * number, 304, 582 + 8 * number, 448), (shade, shade // 2, 255 - shade))
        draw.ellipse((590 + speaker, 330, 640 + speaker, 390), (224, 180, 150))
        draw.rectangle((575 + speaker, 390, 655 + speaker, 448), (40, 50, 90))
    return jpeg(np.asarray(image))


def scene(thing: tuple[int, int, int, int] | None = None, light: int = 0, noise: float = 2.0, seed: int = 0) -> bytes:
    """A photographed yard: soft light, rough ground, noise; ``thing`` is a dark box (left, top, right, bottom)."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width]
    ground = 110 + 40 * np.sin(x / 90.0) + 25 * np.cos(y / 60.0) + 12 * np.sin(x / 5.0) * np.sin(y / 7.0)
    picture = ground + light + np.random.default_rng(seed).normal(0, noise, ground.shape)
    if thing is not None:
        left, top, right, bottom = thing
        picture[top:bottom, left:right] = 25
    grey = np.clip(picture, 0, 255).astype(np.uint8)
    return jpeg(np.repeat(grey[:, :, None], 3, axis=2))


def seen(*pictures: bytes, every: float = 1.0) -> list[Sight]:
    """The pictures as frames that follow one another ``every`` so many seconds."""
    return [see(picture, timedelta(seconds=every * number)) for number, picture in enumerate(pictures)]
