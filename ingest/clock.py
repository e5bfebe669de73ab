"""From the stamps of a container to microseconds of the recording."""

from __future__ import annotations

from fractions import Fraction

MICROSECONDS = 1_000_000
# A first picture later than this is no late start: the container runs on a clock of its own (broadcast, camera).
_LATEST_START = 60 * MICROSECONDS
# Decoding stamps rise; presentation stamps of reordered pictures go to and fro.
_BACKWARD_LEAP = MICROSECONDS
_BACKWARD_LEAP_WITHOUT_ORDER = 10 * MICROSECONDS
_DEEPEST_REORDERING = 16
_FORWARD_LEAP = 24 * 3600 * MICROSECONDS


def microseconds(stamp: int, time_base: Fraction) -> int:
    """``stamp`` in microseconds, to the nearest."""
    scaled = stamp * time_base.numerator * MICROSECONDS
    return (2 * scaled + time_base.denominator) // (2 * time_base.denominator)


def zero_of(start: int) -> int:
    """Where on the container's axis its recording begins, for a first picture at ``start``; both in microseconds.

    The container's own zero, so that every time is the one that any other program shows for it, also where the first
    picture comes later. But where the stamps begin below zero (also after a 33-bit wrap) or far above it, they are a
    running clock, and the recording begins with its first picture.
    """
    return 0 if 0 <= start <= _LATEST_START else start


class Clock:
    """Turns the stamps of one stream, in the order of its packets, into microseconds that never leap back.

    Where the stamps leap back, or forward by more than a day (two recordings in one file, a damaged counter), what
    follows is put directly behind what was before. ``leaps`` counts that.
    """

    def __init__(self, time_base: Fraction, zero: int) -> None:
        self._time_base = time_base
        self._shift = -zero
        self._last: int | None = None
        self._ordered = False
        self._end = 0
        self.leaps = 0

    def at(self, stamp: int, order: int | None, duration: int) -> int:
        """The time of a packet stamped ``stamp``.

        Args:
            order: its decoding stamp, where there is one: it rises even where pictures are reordered.
            duration: how long it lasts; all three in units of the time base.
        """
        key = microseconds(stamp if order is None else order, self._time_base) + self._shift
        time = microseconds(stamp, self._time_base) + self._shift
        lasts = microseconds(duration, self._time_base)
        ordered = order is not None and self._ordered
        back = _BACKWARD_LEAP if ordered else max(_BACKWARD_LEAP_WITHOUT_ORDER, _DEEPEST_REORDERING * lasts)
        # A counter may also have turned over between the stream that begins first and this one.
        if key >= _FORWARD_LEAP if self._last is None else not -back < key - self._last < _FORWARD_LEAP:
            leap = self._end - min(key, time)
            self._shift += leap
            key, time = key + leap, time + leap
            self.leaps += 1
        self._last, self._ordered = key, order is not None
        self._end = max(self._end, time + lasts)
        return time
