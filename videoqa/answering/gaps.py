"""Where cameras have no footage in a stretch of the wall clock, and why: nobody knows what happened there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from videoqa.answers import WallClock
from videoqa.cameras import Gap
from videoqa.media import ZERO
from videoqa.ports import Cameras
from videoqa.times import SECOND, clock

_TOLD = 3
_MOST = 2000
"""Gaps of one camera; of more, those that began last are counted."""
_MORE = "Cameras have no footage for {} more of that time, in {} gaps; their time lines tell each with its cause."


@dataclass(frozen=True, slots=True)
class Missing:
    """How much cameras have no footage of, all together, and sentences that tell it."""

    length: timedelta
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Tells what cameras have no footage of. ``zone`` is where a user's days begin and end, ``now`` the present."""

    cameras: Cameras
    zone: tzinfo
    now: Callable[[], datetime]

    def within(self, stretch: WallClock, ids: Collection[str], seen: Collection[str]) -> Missing:
        """Of the cameras with these ids, as far as ``stretch`` is over; those in ``seen`` have footage of it.

        A camera that has neither footage nor a gap was not watched, or its footage is deleted: no length tells that.
        Of many gaps the longest are told one by one.
        """
        now = self.now()
        found = [gap for name in sorted(ids) for gap in self._of(name, stretch, now)]
        nothing = self._nothing(frozenset(ids) - frozenset(seen) - {gap.camera for gap in found}, stretch, now)
        longest = sorted([*found, *nothing], key=lambda gap: -_length(gap, now))
        told = sorted(longest[:_TOLD], key=lambda gap: (gap.start, gap.camera))
        notes = [self._told(gap) for gap in told]
        if rest := longest[_TOLD:]:
            notes.append(_MORE.format(clock(_total(rest, now)), len(rest)))
        return Missing(_total(found, now), tuple(notes))

    def _of(self, camera: str, stretch: WallClock, now: datetime) -> Iterator[Gap]:
        end = min(stretch.end, now)
        if stretch.start >= end:
            return
        for gap in self.cameras.gaps(camera, stretch.start, end, _MOST):
            lasts = gap.end is None and end == now
            ended = None if lasts else min(gap.end or end, end)
            cut = replace(gap, start=max(gap.start, stretch.start), end=ended)
            if _length(cut, now) >= SECOND:
                yield cut

    def _nothing(self, ids: Collection[str], stretch: WallClock, now: datetime) -> Iterator[Gap]:
        for name in sorted(ids):
            camera = self.cameras.with_id(name)
            end = min(stretch.end, now)
            if camera is not None and (start := max(stretch.start, camera.added_at)) < end:
                yield Gap(name, start, end, "")

    def _told(self, gap: Gap) -> str:
        camera = self.cameras.with_id(gap.camera)
        name = gap.camera if camera is None else camera.name
        start = gap.start.astimezone(self.zone)
        why = f": {gap.cause.removesuffix('.')}." if gap.cause else "."
        if gap.end is None:
            return f"{name} has had no footage since {start:%Y-%m-%d %H:%M:%S}{why}"
        end = gap.end.astimezone(self.zone)
        until = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"
        return f"{name} has no footage from {start:%Y-%m-%d %H:%M:%S} to {until}{why}"


def _total(gaps: Collection[Gap], now: datetime) -> timedelta:
    return sum((_length(gap, now) for gap in gaps), ZERO)


def _length(gap: Gap, now: datetime) -> timedelta:
    return (gap.end or now) - gap.start
