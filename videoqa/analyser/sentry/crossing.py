"""Motion that goes over a line, from its left to its right."""

from __future__ import annotations

from dataclasses import dataclass
from math import dist

import cv2
import numpy as np

from videoqa.alerts import AlertRule, Point
from videoqa.analyser.sentry.likeness import Gallery, Looks
from videoqa.analyser.sentry.motion import SMALLEST, sighting, strength_of
from videoqa.analyser.sentry.view import Mask, View, mask_of
from videoqa.ports import Sighting

REACH = 0.25
"""How far something gets from one look to the next, as a share of the picture's width."""
FORGOTTEN = 3
"""Looks after which what was not seen is gone."""


@dataclass(slots=True)
class _Track:
    place: Point
    looks: Looks
    idle: int = 0


class CrossingWatch:
    """Crossings for one rule. What moves is taken to be at its middle."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._tracks: list[_Track] = []

    def look(self, view: View, moving: Mask, rule: AlertRule) -> Sighting | None:
        inside = moving & mask_of(rule.condition.zone, view.grid)
        found = [part for part in _parts(inside) if strength_of(int(part.sum()), part.size) >= rule.condition.strength]
        crossed: list[tuple[Mask, _Track]] = []
        free = list(self._tracks)
        for part in found:
            place = middle(part)
            track = min(free, key=lambda track: dist(track.place, place), default=None)
            if track is None or dist(track.place, place) > REACH:
                track = _Track(place, Looks())
                self._tracks.append(track)
            else:
                free.remove(track)
                if crosses(track.place, place, rule.condition.line):
                    crossed.append((part, track))
            track.place, track.idle = place, 0
            track.looks.add(view.small, part)
        for track in free:
            track.idle += 1
        self._tracks = [track for track in self._tracks if track.idle < FORGOTTEN]
        if not crossed:
            return None
        part, track = crossed[0]
        identity = self._gallery.identity(track.looks)
        return sighting(part, strength_of(int(part.sum()), part.size), identity, "motion over the line")


def middle(mask: Mask) -> Point:
    ys, xs = np.nonzero(mask)
    rows, columns = mask.shape
    return (float(xs.mean() + 0.5) / columns, float(ys.mean() + 0.5) / rows)


def crosses(before: Point, now: Point, line: tuple[Point, ...]) -> bool:
    """True where the way from ``before`` to ``now`` leads over ``line`` from its left to its right."""
    start, end = line
    return (
        _side(start, end, before) < 0 <= _side(start, end, now)
        and _side(before, now, start) * _side(before, now, end) <= 0
    )


def _side(start: Point, end: Point, point: Point) -> float:
    """Above 0 to the right of whoever walks from ``start`` to ``end``: down is where y rises."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _parts(mask: Mask) -> list[Mask]:
    """The connected parts of ``mask``, the largest first; those a few places apart are one."""
    joined = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    number, labels = cv2.connectedComponents(joined, connectivity=8)
    parts = [(labels == label) & mask for label in range(1, number)]
    return sorted((part for part in parts if part.sum() >= SMALLEST), key=lambda part: -int(part.sum()))
