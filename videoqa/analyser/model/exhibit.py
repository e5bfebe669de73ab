"""A group of frames as a model is shown it: its clip, its cues as lines of evidence, and the stamps it may cite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from statistics import median_low

from videoqa.analyser.budget import GRID, Budget, pairs
from videoqa.analyser.model.evidence import MOST_CHARACTERS, fenced, line_of
from videoqa.analyser.model.exchange import Clip, Model
from videoqa.analyser.model.fitting import SPREAD
from videoqa.analyser.model.picture import size_of
from videoqa.analyser.model.stamps import Stamps
from videoqa.media import ZERO, Cue, FrameGroup
from videoqa.ports import Pictures

_LONGEST_LINE = MOST_CHARACTERS + 40


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What a model is shown of a group. ``clip`` is None where the group has no frames; its cues are cited then."""

    clip: Clip | None
    cues: str
    stamps: Stamps


def exhibit(group: FrameGroup, pictures: Pictures, model: Model, within: timedelta) -> Exhibit:
    """``group`` with its frames paired that lie at most ``within`` apart.

    Raises:
        ModelError: the model's stamps cannot be known.
    """
    cues = fenced("evidence", map(line_of, group.cues), _LONGEST_LINE)
    if not group.times:
        return Exhibit(None, cues, Stamps.of_cues(group.cues))
    shown = pairs(group.times, within)
    clip = Clip(shown, pictures.jpeg, grid_size(pictures.jpeg(group.times[0])))
    return Exhibit(clip, cues, Stamps(shown, model.stamps(clip)))


def grid_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height of ``jpeg`` in pixels, each rounded to the model's grid.

    Raises:
        ValueError: it is no JPEG picture.
    """
    if (size := size_of(jpeg)) is None:
        raise ValueError("not a JPEG picture")
    width, height = (GRID * max(1, round(side / GRID)) for side in size)
    return width, height


def thinned(group: FrameGroup, budget: Budget, size: tuple[int, int]) -> tuple[FrameGroup, Budget]:
    """``group`` with as many of its frames and cues as ``budget`` holds: every n-th frame, then the first cues.

    With it the budget under which that is so: frames are paired as far apart as they lie where nothing is missing.
    """
    times, within = group.times, budget.within
    for step in range(1, max(2, len(group.times))):
        times = group.times[::step]
        budget = replace(budget, within=max(within, _usual_gap(times) * SPREAD))
        if budget.holds(times, (), size):
            break
    return FrameGroup(group.number, group.span, times, _first_cues(group.cues, budget, times, size)), budget


def _usual_gap(times: Sequence[timedelta]) -> timedelta:
    """How far apart most of ``times`` lie."""
    return median_low(later - earlier for earlier, later in pairwise(times)) if len(times) > 1 else ZERO


def _first_cues(
    cues: Sequence[Cue], budget: Budget, times: Sequence[timedelta], size: tuple[int, int]
) -> tuple[Cue, ...]:
    left = budget.tokens - budget.cost(times, (), size)
    kept: list[Cue] = []
    for cue in cues:
        left -= budget.cost_of_cue(cue)
        if left < 0:
            break
        kept.append(cue)
    return tuple(kept)
