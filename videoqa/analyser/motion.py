"""Finds where in the picture something moves, how strongly, and which way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import cv2
import numpy as np

from videoqa.analyser.sight import Sight
from videoqa.events import Observation, Region, Source

LEAST = 12.0
NOISE = 8.0
FAINTEST_AREA = 2
STILL = timedelta(seconds=3)
A_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Movement:
    """What changed between a frame and the one before: where, and how much of the picture by how much, 0 to 1."""

    pts: timedelta
    region: Region
    strength: float
    centre: tuple[float, float]


def movement(before: Sight, now: Sight) -> Movement | None:
    """What moved from ``before`` to ``now``, or None. A change of the light over the whole picture is no movement."""
    if before.cells.shape != now.cells.shape:
        return None
    change = now.cells.astype(np.float32) - before.cells.astype(np.float32)
    change = np.abs(change - np.median(change))
    threshold = max(LEAST, NOISE * float(np.median(change)))
    moved = (change > threshold).astype(np.uint8)
    count, _, boxes, _ = cv2.connectedComponentsWithStats(cv2.dilate(moved, np.ones((3, 3), np.uint8)), connectivity=8)
    rows, columns = moved.shape
    kept = np.zeros_like(moved)
    for left, top, width, height, _ in boxes[1:count]:
        part = moved[top : top + height, left : left + width]
        if int(part.sum()) >= FAINTEST_AREA:
            kept[top : top + height, left : left + width] |= part
    ys, xs = np.nonzero(kept)
    if not len(xs):
        return None
    region = Region(
        float(xs.min()) / columns, float(ys.min()) / rows, float(xs.max() + 1) / columns, float(ys.max() + 1) / rows
    )
    weights = change[ys, xs]
    area = len(xs) / kept.size
    strength = min(1.0, 2 * float(np.sqrt(area)) * min(1.0, float(weights.mean()) / 60))
    centre = (float(np.average(xs, weights=weights)) / columns, float(np.average(ys, weights=weights)) / rows)
    return Movement(now.pts, region, round(strength, 3), centre)


def observed(sights: Sequence[Sight], begin: frozenset[int]) -> tuple[Observation, ...]:
    """Stretches of movement among ``sights``; ``begin`` are the numbers of frames that begin a new shot."""
    found: list[list[Movement]] = []
    for number in range(1, len(sights)):
        before, now = sights[number - 1], sights[number]
        if number in begin or before.like_slide or now.like_slide:
            continue
        moved = movement(before, now)
        if moved is None:
            continue
        if found and moved.pts - found[-1][-1].pts <= STILL:
            found[-1].append(moved)
        else:
            found.append([moved])
    return tuple(_told(stretch) for stretch in found)


def _told(stretch: Sequence[Movement]) -> Observation:
    region = stretch[0].region
    for moved in stretch[1:]:
        region = region.union(moved.region)
    strength = max(moved.strength for moved in stretch)
    centre = (
        sum(moved.centre[0] for moved in stretch) / len(stretch),
        sum(m.centre[1] for m in stretch) / len(stretch),
    )
    (x0, y0), (x1, y1) = stretch[0].centre, stretch[-1].centre
    words = [f"motion {place(centre, region)}", heading(x1 - x0, y1 - y0), how_strong(strength)]
    return Observation(
        label="motion",
        description=", ".join(word for word in words if word),
        source=Source.MOTION,
        frames=tuple(moved.pts for moved in stretch),
        confidence=round(min(1.0, 0.4 + strength), 3),
        lasts_until=stretch[-1].pts + A_MOMENT,
        region=region,
        strength=strength,
    )


def place(centre: tuple[float, float], region: Region) -> str:
    """Where in the picture ``centre`` lies, in words; all over it where ``region`` is most of it."""
    if region.right - region.left > 0.8 and region.bottom - region.top > 0.8:
        return "all over the picture"
    across = ("left", "", "right")[min(2, int(centre[0] * 3))]
    down = ("upper", "", "lower")[min(2, int(centre[1] * 3))]
    if not across and not down:
        return "in the middle"
    if not across:
        return f"in the {down} part"
    return f"in the {down} {across}" if down else f"on the {across}"


def heading(right: float, down: float) -> str:
    """Which way the centre of the motion went, in words; empty where it hardly went anywhere."""
    words = []
    if abs(right) >= 0.15:
        words.append("right" if right > 0 else "left")
    if abs(down) >= 0.15:
        words.append("down" if down > 0 else "up")
    return "moving " + " and ".join(words) if words else ""


def how_strong(strength: float) -> str:
    return "strong" if strength >= 0.5 else "moderate" if strength >= 0.2 else "slight"
