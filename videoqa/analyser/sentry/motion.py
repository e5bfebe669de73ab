"""Motion in a zone: what moves there, how strongly, and whether it is what moved there before."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np

from videoqa.alerts import AlertRule
from videoqa.analyser.motion import how_strong, place
from videoqa.analyser.sentry.likeness import Gallery, Looks
from videoqa.analyser.sentry.view import Mask, View, mask_of, region_of
from videoqa.ports import Sighting

SMALLEST = 8
"""Places; on a picture of 1280x720 one is 4x4 pixels. What is smaller is a leaf or a number on a clock."""
LARGE = 300
"""Places: what comes as large as that needs no second look to be told from noise."""
DISPLACED = 0.3
"""The share of it that has to be at places where nothing was, for what stands out to have moved."""
PAUSE = 2
"""Looks without motion after which what moves next may be something else."""
_BESIDE = np.ones((3, 3), np.uint8)


class Moving:
    """Where something moves. What stands out anew in one look alone may be a shadow, or what a car has laid bare."""

    def __init__(self) -> None:
        self._before: Mask | None = None

    def mask(self, view: View) -> Mask:
        """The places of ``view`` that hold something that has moved, or came moving and stands now."""
        moving = view.moving & view.news
        before, self._before = self._before, view.news
        if before is None or before.shape != view.news.shape:
            return np.zeros_like(moving)
        beside = cv2.dilate(before.astype(np.uint8), _BESIDE).astype(np.bool_)
        _, labels = cv2.connectedComponents(view.news.astype(np.uint8), connectivity=8)
        areas = np.bincount(labels.ravel())
        fresh = np.bincount(labels[~beside], minlength=len(areas))
        went = fresh >= DISPLACED * areas
        known = before.any()
        kept = went & ((areas >= LARGE) | ((areas >= SMALLEST) & known & (fresh < areas)))
        kept[0] = False
        return np.asarray(moving | kept[labels], np.bool_)


@dataclass(slots=True)
class _Stretch:
    """One going on of motion in a zone: what moves looks like ``looks`` all through it."""

    looks: Looks
    identity: str = ""
    idle: int = 0


class MotionWatch:
    """Motion for one rule. ``gallery`` knows what moved for it before."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._stretch: _Stretch | None = None

    def look(self, view: View, moving: Mask, rule: AlertRule) -> Sighting | None:
        inside = moving & mask_of(rule.condition.zone, view.grid)
        area = int(inside.sum())
        strength = strength_of(area, inside.size)
        if area < SMALLEST or strength < rule.condition.strength:
            self._rest()
            return None
        if self._stretch is None:
            self._stretch = _Stretch(Looks())
        stretch = self._stretch
        stretch.idle = 0
        stretch.looks.add(view.small, inside)
        stretch.identity = stretch.identity or self._gallery.identity(stretch.looks)
        return sighting(inside, strength, stretch.identity)

    def _rest(self) -> None:
        if self._stretch is not None:
            self._stretch.idle += 1
            if self._stretch.idle >= PAUSE:
                self._stretch = None


def sighting(mask: Mask, strength: float, identity: str, what: str = "motion") -> Sighting:
    region = region_of(mask)
    rows, columns = mask.shape
    ys, xs = np.nonzero(mask)
    centre = (float(xs.mean() + 0.5) / columns, float(ys.mean() + 0.5) / rows)
    return Sighting(
        confidence=round(min(1.0, 0.4 + strength), 3),
        description=f"{what} {place(centre, region)}, {how_strong(strength)}",
        region=region,
        identity=identity,
        strength=round(strength, 3),
    )


def strength_of(area: int, size: int) -> float:
    """How strong motion of ``area`` places is in a picture of ``size`` places, as everywhere: 0 to 1."""
    return min(1.0, 2 * sqrt(area / size))
