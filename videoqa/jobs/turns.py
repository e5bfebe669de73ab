"""Whose turn it is: each job of a queue has a number, and the lowest is next.

Start-time fair queueing (Goyal, Vin, Cheng 1996) with jobs of one cost: whoever has jobs waiting lines up behind the
last of them, whoever has none where the queue is now. So keys take turns, however many jobs one of them hands in, and
the jobs of one key stay in order. What is urgent comes before all that is less so.
"""

from __future__ import annotations

from collections.abc import Iterable

_LEAST_URGENT = 99
_ROOM = 10_000_000


def turn(priority: int, own: Iterable[int], oldest: Iterable[int]) -> int:
    """The number of a job of ``priority``, 0 to 99 and 0 first.

    Args:
        own: the numbers of its owner's waiting jobs.
        oldest: the numbers of the jobs that have waited longest, whoever's; the longest first.
    """
    first = 1 + _ROOM * min(max(priority, 0), _LEAST_URGENT)
    lane = range(first, first + _ROOM)
    behind = max((number for number in own if number in lane), default=None)
    if behind is not None:
        return min(behind + 1, lane[-1])
    # The one that has waited longest is the next one of its owner, and those of all owners are about as far.
    return next((number for number in oldest if number in lane), first)
