"""From the stamps that a model cites back to the true times of the frames that stood under them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from videoqa.analyser.model.evidence import seconds
from videoqa.media import Cue

_NEAR = 0.01
"""Seconds by which a number may miss the stamp it is: it may have been computed, a stamp has one decimal."""


@dataclass(frozen=True, slots=True)
class Cited:
    """Frames that a model cited, by their pts, and the first one behind them, or None where none is."""

    frames: tuple[timedelta, ...]
    lasts_until: timedelta | None


@dataclass(frozen=True, slots=True)
class Stamps:
    """What a model was shown: the times of each pair of frames, and the stamp over it in seconds, never falling.

    Two pairs may lie so close that they have one stamp.
    """

    pairs: tuple[tuple[timedelta, timedelta], ...]
    shown: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.pairs) != len(self.shown) or not self.pairs:
            raise ValueError(f"{len(self.shown)} stamps for {len(self.pairs)} pairs of frames")
        if any(later < earlier for earlier, later in zip(self.shown, self.shown[1:], strict=False)):
            raise ValueError("stamps follow one another in time")

    @classmethod
    def of_cues(cls, cues: Sequence[Cue]) -> Self:
        """Of a group without frames: when its cues begin, as they are shown."""
        starts = sorted({cue.span.start for cue in cues})
        return cls(tuple((start, start) for start in starts), tuple(float(seconds(start)) for start in starts))

    def cited(self, first: float, last: float) -> Cited | None:
        """The frames from stamp ``first`` to stamp ``last``; None where these name none, or not in this order."""
        begin, end = self._stamp(first), self._stamp(last)
        if begin is None or end is None or begin > end:
            return None
        pair_from, pair_to = bisect_left(self.shown, begin), bisect_right(self.shown, end)
        frames = tuple(sorted({pts for pair in self.pairs[pair_from:pair_to] for pts in pair}))
        return Cited(frames, self.pairs[pair_to][0] if pair_to < len(self.pairs) else None)

    def _stamp(self, number: float) -> float | None:
        """The stamp that ``number`` is. One between two stamps is of no frame, and so is made up."""
        place = bisect_left(self.shown, number)
        nearest = min(self.shown[max(0, place - 1) : place + 1], key=lambda stamp: abs(stamp - number))
        return nearest if abs(nearest - number) <= _NEAR else None
