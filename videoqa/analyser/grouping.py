"""Plans which frames and cues are analysed together. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from videoqa.errors import BadSetting
from videoqa.media import ZERO, Cue, FrameGroup, Span

A_MOMENT = timedelta(milliseconds=1)


class Room(Protocol):
    """What one group may hold. It is asked in the order of time and says whether there is room for one more."""

    def takes_frame(self, pts: timedelta) -> bool: ...

    def takes_cue(self, cue: Cue) -> bool: ...


def groups(
    times: Sequence[timedelta], cues: Sequence[Cue], length: timedelta, room: Callable[[], Room], overlap: int
) -> tuple[FrameGroup, ...]:
    """The groups of a recording of ``length``; every frame and every cue is in at least one.

    A group spans from its first frame or cue (the first one from the recording's start) to the first frame or cue it
    does not hold, since what a frame shows holds until the next. It begins with the last ``overlap`` frames of the one
    before, fewer where these would leave no room for anything new, and holds the cues that overlap it as far as there
    is room beside those that begin in it.

    Raises:
        BadSetting: there is no room for even one frame, or for one of the cues.
    """
    items: list[timedelta | Cue] = sorted([*times, *cues], key=_start)
    starts = [_start(item) for item in items]
    planned: list[FrameGroup] = []
    first = reached = 0
    while reached < len(items):
        end, members, left = _filled(items, first, room)
        if end <= reached:
            if first == reached:
                raise BadSetting(name="VIDEOQA_CONTEXT", value="its value", expected="room for one frame and one cue")
            first = _next_frame(items, first + 1, reached)
            continue
        begin = starts[first] if planned else ZERO
        until = starts[end] if end < len(items) else max(length, starts[-1])
        span = Span(begin, max(until, starts[end - 1] + A_MOMENT, begin + A_MOMENT))
        own = [item for item in members if isinstance(item, Cue)]
        running = (cue for cue in cues if cue.span.start < begin < cue.span.end)
        own.extend(cue for cue in sorted(running, key=_start, reverse=True) if left.takes_cue(cue))
        frames = tuple(item for item in members if isinstance(item, timedelta))
        planned.append(FrameGroup(len(planned), span, frames, tuple(sorted(own, key=lambda cue: cue.span))))
        reached = end
        if frames and overlap:
            first = max(first + 1, bisect_left(starts, frames[-overlap:][0]))
            first = _next_frame(items, first, reached)
        else:
            first = reached
    return tuple(planned)


def _start(item: timedelta | Cue) -> timedelta:
    return item.span.start if isinstance(item, Cue) else item


def _filled(
    items: Sequence[timedelta | Cue], first: int, room: Callable[[], Room]
) -> tuple[int, Sequence[timedelta | Cue], Room]:
    """Where the group that begins at ``first`` is full, its members, and what room is left in it."""
    left = room()
    for end in range(first, len(items)):
        item = items[end]
        fits = left.takes_cue(item) if isinstance(item, Cue) else left.takes_frame(item)
        if not fits:
            return end, items[first:end], left
    return len(items), items[first:], left


def _next_frame(items: Sequence[timedelta | Cue], first: int, reached: int) -> int:
    """The first frame from ``first`` on, or ``reached`` where none comes before it."""
    for number in range(first, reached):
        if isinstance(items[number], timedelta):
            return number
    return reached
