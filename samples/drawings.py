"""The drawings beside the text of the slides."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from PIL import ImageDraw

from samples.fonts import write

INK, RED, BLUE, GREY = "#333333", "#c0392b", "#2471a3", "#b8b8b0"
Pen = ImageDraw.ImageDraw


def draw(name: str, pen: Pen, shown: int) -> None:
    """Draws ``name`` at the right of the slide; what belongs to lines that are not ``shown`` yet is left out."""
    _DRAWINGS[name](pen, shown)


def _curve(
    pen: Pen, function: Callable[[float], float], left: float, right: float, colour: str, *, width: int = 4
) -> None:
    """``function`` over ``left`` to ``right`` in units of 60 pixels round the point (1000, 520), upwards."""
    steps = [left + (right - left) * step / 80 for step in range(81)]
    pen.line([_at(x, function(x)) for x in steps], fill=colour, width=width, joint="curve")


def _at(x: float, y: float) -> tuple[float, float]:
    return 1000 + 60 * x, 520 - 60 * y


def _dot(pen: Pen, x: float, y: float, colour: str, radius: int = 9) -> None:
    centre_x, centre_y = _at(x, y)
    pen.ellipse((centre_x - radius, centre_y - radius, centre_x + radius, centre_y + radius), fill=colour)


def _axes(pen: Pen) -> None:
    pen.line([_at(-3.6, 0), _at(3.6, 0)], fill=GREY, width=3)
    pen.line([_at(0, -1), _at(0, 5)], fill=GREY, width=3)


def _tangent(pen: Pen, shown: int) -> None:
    _axes(pen)
    _curve(pen, lambda x: x * x / 2, -3, 3, BLUE)
    if shown > 1:
        _curve(pen, lambda x: 1.5 * x - 1.125, 0.2, 3.2, RED)
        _dot(pen, 1.5, 1.125, RED)


def _boxes(pen: Pen, shown: int) -> None:
    for number, name in enumerate("xgfh"[: 2 + shown]):
        left = 700 + 140 * number
        pen.rounded_rectangle((left, 450, left + 96, 540), 14, outline=BLUE if name in "gf" else GREY, width=5)
        write(pen, (left + 34, 470), name, 40, INK)
        if number:
            pen.line([(left - 40, 495), (left - 6, 495)], fill=RED, width=5)


def _gears(pen: Pen, shown: int) -> None:
    for x, y, radius, colour in ((800, 430, 130, BLUE), (990, 380, 66, RED), (1092, 330, 46, INK))[: 1 + shown]:
        teeth = radius // 6
        for tooth in range(teeth):
            angle = 2 * math.pi * tooth / teeth
            outer = (x + (radius + 12) * math.cos(angle), y + (radius + 12) * math.sin(angle))
            pen.line([(x, y), outer], fill=colour, width=9)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill="#fbfaf5", outline=colour, width=8)
        pen.ellipse((x - 10, y - 10, x + 10, y + 10), fill=colour)


def _contours(pen: Pen, shown: int) -> None:
    for ring in range(1, 6):
        pen.ellipse((1000 - 48 * ring, 400 - 30 * ring, 1000 + 48 * ring, 400 + 30 * ring), outline=GREY, width=3)
    if shown > 1:
        pen.line([(1110, 470), (1190, 565)], fill=RED, width=6)
        pen.polygon([(1190, 565), (1168, 554), (1186, 538)], fill=RED)


def _bowl(pen: Pen, shown: int) -> None:
    _axes(pen)
    _curve(pen, lambda x: x * x / 2, -3, 3, BLUE)
    for x in (-2.8, -1.9, -1.2, -0.7, -0.3)[:shown]:
        _dot(pen, x, x * x / 2, RED)


def _rates(pen: Pen, shown: int) -> None:
    _axes(pen)
    paths: tuple[tuple[str, Callable[[float], float]], ...] = (
        (GREY, lambda x: 4 - 0.12 * (x + 3)),
        (BLUE, lambda x: 4 * math.exp(-0.9 * (x + 3))),
        (RED, lambda x: 2.4 + 0.35 * (x + 3) * math.cos(4 * x)),
    )
    for colour, function in paths[:shown]:
        _curve(pen, function, -3, 3, colour)


def _network(pen: Pen, shown: int) -> None:
    layers = ((740, 3), (900, 4), (1060, 4), (1200, 1))
    rows = [[(x, 400 + 80 * (row - (count - 1) / 2)) for row in range(count)] for x, count in layers]
    for before, after in pairwise(rows):
        for start in before:
            for end in after:
                pen.line([start, end], fill=RED if shown > 1 else GREY, width=2)
    for x, y in (point for row in rows for point in row):
        pen.ellipse((x - 20, y - 20, x + 20, y + 20), fill="#fbfaf5", outline=BLUE, width=5)


def _saddle(pen: Pen, shown: int) -> None:
    _axes(pen)
    _curve(pen, lambda x: 2 + x**3 / 9, -3, 3, BLUE)
    _dot(pen, 0, 2, INK)
    if shown > 1:
        _dot(pen, -1.6, 2.0, RED, 14)


_DRAWINGS: dict[str, Callable[[Pen, int], None]] = {
    "tangent": _tangent,
    "boxes": _boxes,
    "gears": _gears,
    "contours": _contours,
    "bowl": _bowl,
    "rates": _rates,
    "network": _network,
    "saddle": _saddle,
}
