"""Chooses how many frames a second and how large they are, so that a stretch of footage fits one request. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from videoqa.analyser.budget import Budget
from videoqa.media import ZERO, Sampling

LEAST_SIDE = 224
LONGEST_PERIOD = timedelta(seconds=8)
_STEP = 1.25
SPREAD = 4 / 3
"""Frames lie at most this many periods apart where nothing is missing between them."""


class Detail(StrEnum):
    """What is kept longest where not everything fits: many frames, large frames, or both evenly."""

    MOTION = "motion"
    PICTURE = "picture"
    EVEN = "even"


def fitted(
    wanted: Sampling,
    budget: Budget,
    shown: timedelta,
    detail: Detail = Detail.EVEN,
    shape: tuple[int, int] = (16, 9),
) -> Sampling:
    """``wanted``, or the nearest coarser sampling under which ``shown`` of footage fits one request.

    ``shape`` is width and height of the footage. Sides do not get shorter than ``LEAST_SIDE``, nor periods longer than
    ``LONGEST_PERIOD``: where even that does not fit, that is what comes back, and footage is shown in several groups.
    """
    sampling = wanted
    for sampling in _coarser(wanted, detail):
        if _fits(sampling, budget, shown, shape):
            break
    return sampling


def pairing(budget: Budget, sampling: Sampling) -> Budget:
    """``budget`` with frames paired as far apart as those of ``sampling`` lie where nothing is missing."""
    return replace(budget, within=max(budget.within, sampling.period * SPREAD))


def size_of(sampling: Sampling, shape: tuple[int, int]) -> tuple[int, int]:
    """Width and height in pixels of a frame of footage of ``shape``, which is large enough."""
    scale = sampling.long_side / max(shape)
    most = sampling.long_side // sampling.multiple
    width, height = (sampling.multiple * max(1, min(most, round(side * scale / sampling.multiple))) for side in shape)
    return width, height


def _fits(sampling: Sampling, budget: Budget, shown: timedelta, shape: tuple[int, int]) -> bool:
    times, pts = list[timedelta](), ZERO
    while pts < shown:
        times.append(pts)
        pts += sampling.period
    return pairing(budget, sampling).holds(times, (), size_of(sampling, shape))


def _coarser(wanted: Sampling, detail: Detail) -> Iterator[Sampling]:
    """Ever coarser samplings, ``wanted`` first; what matters less gives way first."""
    sides, periods = list(_sides(wanted)), list(_periods(wanted))
    yield wanted
    if detail is Detail.MOTION:
        yield from (replace(wanted, long_side=side) for side in sides)
        yield from (replace(wanted, long_side=([wanted.long_side, *sides])[-1], period=period) for period in periods)
    elif detail is Detail.PICTURE:
        yield from (replace(wanted, period=period) for period in periods)
        yield from (replace(wanted, long_side=side, period=([wanted.period, *periods])[-1]) for side in sides)
    else:
        for step in range(1, max(len(sides), len(periods)) + 1):
            side = ([wanted.long_side, *sides])[min(step, len(sides))]
            yield replace(wanted, long_side=side, period=([wanted.period, *periods])[min(step - 1, len(periods))])
            yield replace(wanted, long_side=side, period=([wanted.period, *periods])[min(step, len(periods))])


def _sides(wanted: Sampling) -> Iterator[int]:
    """Shorter sides, one of the grid's steps at a time."""
    side = wanted.long_side // wanted.multiple * wanted.multiple
    while side - wanted.multiple >= LEAST_SIDE:
        side -= wanted.multiple
        yield side


def _periods(wanted: Sampling) -> Iterator[timedelta]:
    """Longer periods, each a quarter longer than the one before."""
    for step in range(1, 1 + math.ceil(math.log(max(1, LONGEST_PERIOD / wanted.period), _STEP))):
        yield min(
            LONGEST_PERIOD, timedelta(milliseconds=round(wanted.period * _STEP**step / timedelta(milliseconds=1)))
        )
