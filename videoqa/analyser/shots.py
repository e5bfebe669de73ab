"""Finds where one picture gives way to another as a whole: a cut, or a pan too fast to follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from videoqa.analyser.sight import Sight
from videoqa.events import Observation, Source

UNLIKE = 0.5
A_MOMENT = timedelta(seconds=1)


def likeness(before: Sight, now: Sight) -> float:
    """The correlation of two pictures' brightness, -1 to 1; a change of the light alone leaves it near 1."""
    if before.cells.shape != now.cells.shape:
        return -1.0
    one, other = before.cells.astype(np.float32).ravel(), now.cells.astype(np.float32).ravel()
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one @ one) * (other @ other)))
    if scale < one.size:  # less than one grey level of contrast: nothing to be unlike
        return 1.0
    return float(one @ other) / scale


def cuts(sights: Sequence[Sight]) -> frozenset[int]:
    """The numbers of the frames that begin a new shot."""
    return frozenset(
        number for number in range(1, len(sights)) if likeness(sights[number - 1], sights[number]) < UNLIKE
    )


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
