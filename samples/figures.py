"""Draws who and what moves through a scene."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2

from samples.encoding import Image

Colour = tuple[int, int, int]
_SHIFT = 4


class Look(StrEnum):
    """What a figure looks like."""

    PERSON = "person"
    FAR_PERSON = "far person"
    VAN = "van"
    BLOB = "blob"


@dataclass(frozen=True, slots=True)
class Figure:
    """Something in the picture, ``height`` pixels high, standing with its lowest point at (x, y).

    ``stride`` is how far it has walked, by which its legs swing (six radians a unit).
    ``tone`` is the grey of a blob, 0 to 255.
    """

    look: Look
    x: float
    y: float
    height: float
    stride: float = 0.0
    leftwards: bool = False
    tone: int = 60


def draw_figure(image: Image, figure: Figure) -> None:
    """Draws ``figure`` into ``image``, in place and with soft edges."""
    match figure.look:
        case Look.PERSON:
            _person(image, figure, (70, 50, 40), (150, 60, 40))
        case Look.FAR_PERSON:
            _person(image, figure, (40, 40, 48), (38, 32, 52))
        case Look.VAN:
            _van(image, figure)
        case Look.BLOB:
            half = figure.height / 2
            _ellipse(image, (figure.x, figure.y - half), (half, half), (figure.tone,) * 3)


def _person(image: Image, figure: Figure, trousers: Colour, coat: Colour) -> None:
    x, y, high = figure.x, figure.y, figure.height
    hip = y - 0.48 * high
    for side in (-1, 1):
        foot = x + side * 0.13 * high * math.sin(figure.stride * 6)
        _line(image, (x, hip), (foot, y - 0.03 * high), max(1, round(0.11 * high)), trousers)
        hand = x - side * 0.16 * high * math.sin(figure.stride * 6)
        _line(image, (x, y - 0.78 * high), (hand, y - 0.45 * high), max(1, round(0.07 * high)), coat)
    _ellipse(image, (x, y - 0.64 * high), (0.13 * high, 0.21 * high), coat)
    _ellipse(image, (x, y - 0.92 * high), (0.075 * high, 0.085 * high), (140, 165, 205))


def _van(image: Image, figure: Figure) -> None:
    x, y, high = figure.x, figure.y, figure.height
    ahead = -1 if figure.leftwards else 1
    _box(image, (x - high, y - high), (x + high, y - 0.18 * high), (222, 224, 226))
    _box(image, (x + ahead * 0.5 * high, y - 0.9 * high), (x + ahead * 0.95 * high, y - 0.5 * high), (90, 76, 60))
    _box(image, (x - high, y - 0.36 * high), (x + high, y - 0.26 * high), (170, 90, 40))
    for wheel in (-0.6, 0.6):
        _ellipse(image, (x + wheel * high, y - 0.16 * high), (0.16 * high, 0.16 * high), (28, 28, 28))


def _fixed(*values: float) -> tuple[int, ...]:
    return tuple(round(value * (1 << _SHIFT)) for value in values)


def _ellipse(image: Image, centre: tuple[float, float], axes: tuple[float, float], colour: Colour) -> None:
    cv2.ellipse(image, _fixed(*centre), _fixed(*axes), 0, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)


def _line(image: Image, start: tuple[float, float], end: tuple[float, float], width: int, colour: Colour) -> None:
    cv2.line(image, _fixed(*start), _fixed(*end), colour, width, cv2.LINE_AA, _SHIFT)


def _box(image: Image, corner: tuple[float, float], opposite: tuple[float, float], colour: Colour) -> None:
    cv2.rectangle(image, _fixed(*corner), _fixed(*opposite), colour, -1, cv2.LINE_AA, _SHIFT)
