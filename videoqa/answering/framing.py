"""Which frames a close look at a moment takes. Pure.

Questions over one moment differ a little in where they say it begins and ends. Their windows are snapped to a grid that
is coarse beside them, so that most of them are shown the very same frames, which a server has then seen already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from videoqa.media import ZERO, Sampling, Span

PADDING = 0.25
"""What is shown before and behind a moment, as a share of its length: a narrowed span may lie a little outside."""
LEAST_PADDING = timedelta(seconds=0.5)
MOST_PADDING = timedelta(seconds=4)
FINEST_GRID = timedelta(seconds=0.5)
STEPS = 4
"""A padded moment is at most so many steps of its grid long."""
LONGEST = timedelta(seconds=120)
"""Footage that is decoded and shown at once."""
COARSEST = timedelta(seconds=1)
"""A close look is no coarser than the index is."""
LEAST_SIDE = 448
"""The longer side in pixels below which frames are rather left out than made smaller."""
FINE = 64
"""Frames that a short window is shown in: two seconds at the rate of ordinary footage."""


def window(moment: Span, length: timedelta) -> Span:
    """The stretch of a recording of ``length`` to look at for ``moment``, which is in it."""
    padding = min(max(PADDING * moment.length, LEAST_PADDING), MOST_PADDING)
    start, end = max(moment.start - padding, ZERO), moment.end + padding
    grid = FINEST_GRID
    while end - start > STEPS * grid:
        grid *= 2
    last = -(-end // grid) * grid
    return Span(start // grid * grid, min(last, length) if length > moment.start else last)


def windows(moment: Span, length: timedelta, longest: timedelta) -> tuple[Span, ...]:
    """As ``window``; where that takes more than ``longest``, one such stretch at its beginning and one at its end."""
    whole = window(moment, length)
    if whole.length <= longest:
        return (whole,)
    start, end = max(moment.start - MOST_PADDING, ZERO), max(min(moment.end + MOST_PADDING, length), moment.end)
    if end - start <= longest:
        return (Span(start, end),)
    return Span(start, start + longest), Span(end - longest, end)


def longest(wanted: Sampling, most: int) -> timedelta:
    """The longest window in which ``most`` frames of the size of ``wanted`` lie no further apart than ``COARSEST``."""
    small = wanted.long_side / min(wanted.long_side, LEAST_SIDE)
    return min(LONGEST, int(most * small**2) * COARSEST)


def extended(shown: Span, length: timedelta, longest: timedelta, *, back: bool, on: bool) -> Span:
    """``shown``, in a recording of ``length``, with as much again before it and behind it, but at most ``longest``."""
    more = min(shown.length, max(longest - shown.length, ZERO) / max(back + on, 1))
    start = max(shown.start - more, ZERO) if back else shown.start
    return Span(start, min(shown.end + more, max(length, shown.end)) if on else shown.end)


def sampling(shown: Span, wanted: Sampling, most: int) -> tuple[Sampling, int]:
    """How densely and how large ``shown`` is looked at, and how many frames that may be.

    As densely as ``wanted`` for a moment of ordinary length, more so for a short one. ``most`` frames of the size of
    ``wanted`` are taken at once: where those are too few for its period, frames are smaller, down to ``LEAST_SIDE``;
    then they are fewer.
    """
    needed = shown.length / wanted.period
    side = wanted.long_side
    if needed > most:
        fitting = int(side * math.sqrt(most / needed)) // wanted.multiple * wanted.multiple
        side = max(fitting, min(LEAST_SIDE, side))
    room = int(most * (wanted.long_side / side) ** 2)
    period = max(min(wanted.period, shown.length / FINE), shown.length / room)
    return replace(wanted, period=period, long_side=side), room


def thinned(times: Sequence[timedelta], most: int) -> tuple[timedelta, ...]:
    """At most ``most`` of ``times``, evenly, the first and the last among them."""
    if len(times) <= most:
        return tuple(times)
    if most == 1:
        return (times[0],)
    return tuple(times[number * (len(times) - 1) // (most - 1)] for number in range(most))
