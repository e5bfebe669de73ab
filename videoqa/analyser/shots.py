"""Finds where one picture gives way to another as a whole: a cut, or a pan too fast to follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from videoqa.analyser.sight import Sight
from videoqa.events import Observation, Source

CHANGED_BY = 12
MOST_OF_IT = 0.4
UNLIKE = 0.25
A_MOMENT = timedelta(seconds=1)


def cut(before: Sight, now: Sight) -> bool:
    """True where ``now`` is another picture than ``before``.

    Most of it has another brightness, the change of the light as a whole taken away, and its outlines are not those
    of before: a lorry that fills half the picture leaves the outlines beside it where they were.
    """
    if before.cells.shape != now.cells.shape:
        return True
    one, other = before.cells.astype(np.float32), now.cells.astype(np.float32)
    change = other - one
    if float((np.abs(change - np.median(change)) > CHANGED_BY).mean()) < MOST_OF_IT:
        return False
    product = norm = other_norm = 0.0
    for axis in (0, 1):
        slope, other_slope = np.diff(one, axis=axis), np.diff(other, axis=axis)
        product += float((slope * other_slope).sum())
        norm += float((slope * slope).sum())
        other_norm += float((other_slope * other_slope).sum())
    return product <= UNLIKE * float(np.sqrt(norm * other_norm))


def cuts(sights: Sequence[Sight]) -> frozenset[int]:
    """The numbers of the frames that begin a new shot."""
    return frozenset(number for number in range(1, len(sights)) if cut(sights[number - 1], sights[number]))


def observed(sights: Sequence[Sight], begin: frozenset[int]) -> tuple[Observation, ...]:
    """The shot changes that are not from one slide to the next."""
    return tuple(
        Observation(
            label="shot change",
            description="the whole picture changes",
            source=Source.SHOT,
            frames=(sights[number].pts,),
            lasts_until=sights[number].pts + A_MOMENT,
        )
        for number in sorted(begin)
        if not (sights[number - 1].like_slide and sights[number].like_slide)
    )
