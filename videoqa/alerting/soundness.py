"""Whether anything could ever fulfil a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from videoqa.alerts import Condition, ConditionKind, Point, Schedule
from videoqa.errors import BadRule
from videoqa.media import ZERO

MOST_POINTS = 64
STILL = timedelta(minutes=1)
"""For how long nothing has moved where a rule about stillness does not say."""
_CORNERS = 3


def sound(condition: Condition) -> Condition:
    """
    Raises:
        BadRule: nothing could fulfil it, or it says what its kind has no use for.
    """
    kind = condition.kind
    texts = (ConditionKind.DESCRIBED, ConditionKind.TEXT)
    whole = (ConditionKind.COVERED, ConditionKind.TURNED)
    if kind in texts and not condition.text.strip():
        raise BadRule(problem="say in a few words what it waits for")
    if kind not in texts and condition.text.strip():
        raise BadRule(problem=f"{kind} is seen without words; leave them out, or describe all of it in plain language")
    if condition.zone and (kind in whole or not _encloses(condition.zone)):
        why = f"{kind} is of the whole picture" if kind in whole else "a zone has three corners or more, not in a row"
        raise BadRule(problem=why)
    if (kind is ConditionKind.CROSSING) != bool(condition.line):
        raise BadRule(problem="a crossing has a line, and nothing else has one")
    if condition.line and (len(condition.line) != 2 or condition.line[0] == condition.line[1]):
        raise BadRule(problem="a line leads from one point to another")
    if any(not 0 <= place <= 1 for point in (*condition.zone, *condition.line) for place in point):
        raise BadRule(problem="places in the picture are fractions of its width and height, 0 to 1")
    if kind is ConditionKind.STILLNESS and condition.lasting == ZERO:
        return replace(condition, lasting=STILL)
    return condition


def known_zone(schedule: Schedule | None) -> Schedule | None:
    """
    Raises:
        BadRule: its zone is none, or it is armed on no day.
    """
    if schedule is None:
        return None
    try:
        ZoneInfo(schedule.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadRule(problem=f"there is no time zone {schedule.zone}; write one as Europe/Berlin") from error
    if not schedule.days <= set(range(7)) or not schedule.days:
        raise BadRule(problem="days are numbers from 0, which is Monday, to 6")
    return schedule


def _encloses(zone: Sequence[Point]) -> bool:
    if len(zone) < _CORNERS:
        return False
    (x, y), *others = zone
    turns = (
        (first[0] - x) * (second[1] - y) - (first[1] - y) * (second[0] - x)
        for number, first in enumerate(others)
        for second in others[number + 1 :]
    )
    return any(abs(turn) > 1e-6 for turn in turns)
