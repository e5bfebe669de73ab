"""Finds where in the picture something moves, how strongly, and which way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean

import cv2
import numpy as np

from videoqa.analyser.sight import Sight
from videoqa.events import Observation, Region, Source

LEAST = 12.0
NOISE = 8.0
SMALLEST = 2
FAINTEST = 60.0
SLIGHT = 0.12
STILL = timedelta(seconds=2.5)
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
    moved = change > max(LEAST, NOISE * float(np.median(change)))
    # Cells that nearly touch are one thing; what is too small or too faint as a whole is noise.
    _, things = cv2.connectedComponents(cv2.dilate(moved.astype(np.uint8), np.ones((3, 3), np.uint8)), connectivity=8)
    things = np.where(moved, things, 0)
    areas = np.bincount(things.ravel())
    energies = np.bincount(things.ravel(), weights=change.ravel())
    kept = (areas >= SMALLEST) & (energies >= FAINTEST)
    kept[0] = False
    ys, xs = np.nonzero(kept[things])
    if not len(xs):
        return None
    rows, columns = change.shape
    region = Region(
        float(xs.min()) / columns, float(ys.min()) / rows, float(xs.max() + 1) / columns, float(ys.max() + 1) / rows
    )
    weights = change[ys, xs]
    strength = min(1.0, 2 * float(np.sqrt(len(xs) / change.size)) * min(1.0, float(weights.mean()) / 60))
    centre = (float(np.average(xs, weights=weights)) / columns, float(np.average(ys, weights=weights)) / rows)
    return Movement(now.pts, region, round(strength, 3), centre)


def observed(sights: Sequence[Sight], begin: frozenset[int]) -> tuple[Observation, ...]:
    """Stretches of movement among ``sights``; ``begin`` are the numbers of frames that begin a new shot.

    Slight motion (far off, or leaves and light) makes stretches of its own, so that it never joins two that stand out.
    """
    every: list[Movement] = []
    for number in range(1, len(sights)):
        before, now = sights[number - 1], sights[number]
        if number in begin or before.like_slide or now.like_slide:
            continue
        if (moved := movement(before, now)) is not None:
            every.append(moved)
    clear = _stretches(moved for moved in every if moved.strength >= SLIGHT)
    slight = _stretches(
        moved
        for moved in every
        if moved.strength < SLIGHT and not any(first.pts < moved.pts < last.pts for first, last in map(_ends, clear))
    )
    told = [_told(stretch, "motion") for stretch in clear] + [_told(stretch, "slight motion") for stretch in slight]
    return tuple(sorted(told, key=lambda observation: observation.frames))


def _ends(stretch: Sequence[Movement]) -> tuple[Movement, Movement]:
    return stretch[0], stretch[-1]


def _stretches(moves: Iterable[Movement]) -> list[list[Movement]]:
    found: list[list[Movement]] = []
    for moved in moves:
        if found and moved.pts - found[-1][-1].pts <= STILL:
            found[-1].append(moved)
        else:
            found.append([moved])
    return found


def _told(stretch: Sequence[Movement], label: str) -> Observation:
    region = stretch[0].region
    for moved in stretch[1:]:
        region = region.union(moved.region)
    strength = max(moved.strength for moved in stretch)
    centre = (fmean(moved.centre[0] for moved in stretch), fmean(moved.centre[1] for moved in stretch))
    (x0, y0), (x1, y1) = stretch[0].centre, stretch[-1].centre
    words = [f"motion {place(centre, region)}", heading(x1 - x0, y1 - y0), how_strong(strength)]
    # The last frame shows the end of the motion: what left the picture is gone in it.
    shown = [moved.pts for moved in stretch[:-1]] or [stretch[0].pts]
    return Observation(
        label=label,
        description=", ".join(word for word in words if word),
        source=Source.MOTION,
        frames=tuple(shown),
        confidence=round(min(1.0, 0.4 + strength), 3),
        lasts_until=max(stretch[-1].pts, shown[-1] + A_MOMENT),
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
    return "strong" if strength >= 0.5 else "moderate" if strength >= SLIGHT else "slight"
