"""Which packets to decode, so that frames are spread evenly and as little as possible is decoded. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Generic, TypeVar

P = TypeVar("P")

# A keyframe is worth taking from this share of a period on; and where the time up to the next one does not divide,
# frames lie up to a third of a period further apart rather than one more being decoded.
_CLOSEST = 0.9
_LOOSENESS = 1 / 3
_LAST_LONGER = 0.25
# A group of pictures is held whole up to here; a longer one is decided piece by piece.
_HELD_PACKETS = 600
_HELD_BYTES = 2**26
# The deepest reordering any codec allows is 16 pictures; what lies closer to the end of what is held may still move.
_UNSETTLED = 32
_SHORTEST_GAP = 10_000_000
_GAP_FRAMES = 10


@dataclass(slots=True, eq=False)
class Coded(Generic[P]):
    """One packet of a video stream.

    Attributes:
        time: when its picture is shown, microseconds from the recording's start.
        duration: how long, in microseconds, as far as the container says.
        key: decoding may begin here, and what is shown after it needs nothing from before.
        hidden: decoded, but not shown (an edit list leaves it out, or nothing says when).
        wanted: its picture is to be taken; the plan says so.
    """

    packet: P
    time: int
    duration: int
    size: int
    key: bool
    hidden: bool = False
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class Decode(Generic[P]):
    """Decode this packet: its picture is wanted, or another's may rest on it."""

    coded: Coded[P]


@dataclass(frozen=True, slots=True)
class Settle:
    """Take every picture out of the decoder and let it forget all; what follows is a keyframe, or the end."""


@dataclass(frozen=True, slots=True)
class Gap:
    """From ``start`` to ``end``, in microseconds, there is nothing to decode."""

    start: int
    end: int
    reason: str


Step = Decode[P] | Settle | Gap


class Plan(Generic[P]):
    """Decides about the packets of one stream, fed in decoding order.

    The first picture of a group of pictures is free of all others, so that it is taken wherever it lies near the
    rhythm, and the time up to the next one is divided, all but evenly. Every time a picture is asked for, it is the
    one then on show: the last whose time is not later. What no wanted picture rests on is never decoded: groups
    without one, the tail behind the last one, and the leading pictures of the next keyframe.

    Args:
        period: microseconds from frame to frame.
        keyframes_only: take nothing between keyframes.
        whole: the packets' times rise, but belong to the pictures in the order they are shown, not to the packets
            (AVI with reordered pictures): what is decoded of a group is then decoded without a hole.
    """

    def __init__(self, period: int, *, keyframes_only: bool = False, whole: bool = False) -> None:
        self._period = period
        self._keyframes_only = keyframes_only
        self._whole = whole
        self._group: list[Coded[P]] = []
        self._next: list[Coded[P]] = []
        self._unusable: list[Coded[P]] = []
        self._held_bytes = 0
        self._begun = False
        self._first = 0
        self._sent = False
        self._anchor: int | None = None
        self._previous: Coded[P] | None = None
        self._usual = 0.0

    def feed(self, coded: Coded[P]) -> Iterator[Step[P]]:
        """What is decided once ``coded`` is known."""
        if not self._begun:
            yield from self._begin(coded)
            return
        if self._next:
            if not coded.key and coded.time < self._next[0].time and len(self._next) <= _UNSETTLED:
                self._next.append(coded)
                return
            yield from self._close()
        if coded.key:
            self._next = [coded]
            return
        if coded.time < self._first and not self._sent:
            # Leading pictures rest on what came before the first keyframe.
            return
        self._group.append(coded)
        self._held_bytes += coded.size
        if len(self._group) >= _HELD_PACKETS or self._held_bytes >= _HELD_BYTES:
            yield from self._advance()

    def finish(self) -> Iterator[Step[P]]:
        """What is decided at the end of the stream."""
        if self._next:
            yield from self._close()
        end = max((coded.time + max(coded.duration, 1) for coded in self._group), default=0)
        yield from self._choose(self._group, end, last=True)
        yield from self._send_needed(self._group)
        if self._sent:
            yield Settle()
        if not self._begun and self._unusable:
            yield self._unusable_gap(max(coded.time + max(coded.duration, 1) for coded in self._unusable))

    def _begin(self, coded: Coded[P]) -> Iterator[Step[P]]:
        """Passes over what comes before the first keyframe; where there is none for long, begins without."""
        if not coded.key and len(self._unusable) < _HELD_PACKETS:
            self._unusable.append(coded)
            return
        self._begun, self._first = True, coded.time
        self._group = [coded]
        shown = [earlier for earlier in self._unusable if not earlier.hidden and earlier.time < coded.time]
        if shown:
            self._unusable = shown
            yield self._unusable_gap(coded.time)
        self._unusable = []

    def _unusable_gap(self, end: int) -> Gap:
        return Gap(min(coded.time for coded in self._unusable), end, "no picture there stands alone")

    def _close(self) -> Iterator[Step[P]]:
        """Decides the held group, now that the next one has begun."""
        key, leading = self._next[0], self._next[1:]
        yield from self._choose([*self._group, *leading], key.time)
        if not key.hidden and self._anchor is not None and key.time - self._anchor >= _CLOSEST * self._period:
            key.wanted, self._anchor = True, key.time
        if any(coded.wanted for coded in leading):
            yield from self._send(self._group)
            yield from self._send_needed([key, *leading])
            self._group = []
        else:
            yield from self._send_needed(self._group)
            if self._sent:
                yield Settle()
            self._group, self._sent = [key], False
        self._next = []
        self._held_bytes = sum(coded.size for coded in self._group)

    def _advance(self) -> Iterator[Step[P]]:
        """Decides the older part of a group that is too long to be held, and lets go of it."""
        cut = _clean_cut([coded.time for coded in self._group])
        decided, self._group = self._group[:cut], self._group[cut:]
        yield from self._choose(decided, min(coded.time for coded in self._group), open_end=True)
        if self._keyframes_only:
            yield from self._send_needed(decided)
        else:
            yield from self._send(decided)
        self._held_bytes = sum(coded.size for coded in self._group)

    def _choose(
        self, coded: list[Coded[P]], end: int, *, open_end: bool = False, last: bool = False
    ) -> Iterator[Step[P]]:
        """Marks what is wanted of the pictures shown up to ``end``: a keyframe's time, or no border (``open_end``)."""
        shown = sorted((one for one in coded if not one.hidden and one.time < end), key=lambda one: one.time)
        if not shown:
            return
        yield from self._gaps(shown)
        if self._anchor is None:
            shown[0].wanted, self._anchor = True, shown[0].time
        if self._keyframes_only:
            return
        length = end - self._anchor
        if open_end:
            spacing, most = float(self._period), length // self._period
        else:
            if not last and length < _CLOSEST * self._period:
                return
            parts = max(1, ceil(length / self._period - _LOOSENESS))
            # What lies behind the last picture taken is never decoded: it may be a little longer than the others.
            spacing, most = length / (parts + _LAST_LONGER * (parts > 1)), parts - 1
        first = 1
        for one, following in zip(shown, [*(one.time for one in shown[1:]), end], strict=True):
            # The instants anchor + n * spacing at which this picture is the one on show.
            upto = min(most, ceil((following - self._anchor) / spacing) - 1)
            if first <= upto:
                one.wanted = True
                first = upto + 1
        if open_end:
            self._anchor += most * self._period

    def _send(self, coded: list[Coded[P]]) -> Iterator[Step[P]]:
        for one in coded:
            self._sent = True
            yield Decode(one)

    def _send_needed(self, coded: list[Coded[P]]) -> Iterator[Step[P]]:
        """Sends up to the last wanted picture in decoding order."""
        upto = max((number for number, one in enumerate(coded, 1) if one.wanted), default=0)
        if self._whole and (upto or self._sent):
            upto = len(coded)
        yield from self._send(coded[:upto])

    def _gaps(self, shown: list[Coded[P]]) -> Iterator[Gap]:
        """Stretches much longer than the usual distance of two pictures."""
        for one in shown:
            if (before := self._previous) is not None:
                distance = one.time - before.time
                if self._usual and distance > max(_SHORTEST_GAP, _GAP_FRAMES * self._usual):
                    yield Gap(before.time + int(self._usual), one.time, "the footage holds nothing there")
                else:
                    self._usual += (distance - self._usual) / 16 if self._usual else distance
            self._previous = one


def _clean_cut(times: list[int]) -> int:
    """The last place, well before the end, where everything before is shown before everything after."""
    least = list(accumulate(reversed(times), min))[::-1]
    most = list(accumulate(times, max))
    latest = max(1, len(times) - _UNSETTLED)
    return next((cut for cut in range(latest, 0, -1) if most[cut - 1] < least[cut]), latest)
