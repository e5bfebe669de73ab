"""Which rules can be kept, and which of them are to be looked for now. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from videoqa.access import Scope
from videoqa.alerting.schedule import armed
from videoqa.alerts import AlertRule, Condition, ConditionKind, Point, Schedule
from videoqa.cameras import Camera
from videoqa.errors import BadRule, NoModel
from videoqa.media import ZERO

LONGEST_TEXT = 500
MOST_POINTS = 64
LONGEST = timedelta(days=1)
LEAST_AREA = 0.0005
"""The share of the picture that a zone has to hold: less is a slip of the hand."""


def checked(rule: AlertRule, *, has_model: bool) -> AlertRule:
    """``rule``, where it can be watched for.

    Raises:
        BadRule: something about it makes no sense; the error says what.
        NoModel: it is told in plain language, and there is nobody to understand that.
    """
    if not rule.name.strip():
        raise BadRule(problem="it has no name")
    _check_condition(rule.condition)
    if not ZERO <= rule.cooldown <= LONGEST:
        raise BadRule(problem="its cool-down lies between nothing and a day")
    if rule.schedule is not None:
        _check_schedule(rule.schedule)
    if rule.condition.kind is ConditionKind.DESCRIBED and not has_model:
        raise NoModel
    return rule


def to_watch(rules: Collection[AlertRule], camera: str, at: datetime) -> tuple[AlertRule, ...]:
    """Those of ``rules`` that ``camera`` is to be watched for at the time ``at``.

    A rule without cameras is for all that its owner reaches: whoever knows the keys leaves out the others before.
    """
    return tuple(
        rule
        for rule in rules
        if rule.enabled and (not rule.cameras or camera in rule.cameras) and armed(rule.schedule, at)
    )


def reaches(rule: AlertRule, camera: Camera, scopes: Mapping[str, Scope]) -> bool:
    """True where ``rule`` may be meant for ``camera``: one that names none is for those that its owner reaches.

    ``scopes`` are those of keys, by their ids.
    """
    scope = scopes.get(rule.owner)
    return bool(rule.cameras) or scope is None or scope.covers(camera.tags, camera.id)


def _check_condition(condition: Condition) -> None:
    kind, text = condition.kind, condition.text.strip()
    if kind is ConditionKind.DESCRIBED and not text:
        raise BadRule(problem="it says nothing of what to watch for")
    if len(text) > LONGEST_TEXT:
        raise BadRule(problem=f"its text is longer than {LONGEST_TEXT} characters")
    if text and kind not in {ConditionKind.DESCRIBED, ConditionKind.TEXT}:
        raise BadRule(problem=f"{kind} is seen without words; leave its text out")
    if condition.zone:
        if kind in {ConditionKind.COVERED, ConditionKind.TURNED}:
            raise BadRule(problem=f"{kind} is of the whole picture; leave its zone out")
        _check_zone(condition.zone)
    if (kind is ConditionKind.CROSSING) != bool(condition.line):
        raise BadRule(problem="a crossing, and nothing else, needs a line")
    if condition.line:
        _check_points(condition.line)
        if len(condition.line) != 2 or math.dist(*condition.line) < 0.01:
            raise BadRule(problem="a line has two points that lie apart")
    if not 0 <= condition.strength <= 1:
        raise BadRule(problem="its strength lies between 0 and 1")
    if not ZERO <= condition.lasting <= LONGEST:
        raise BadRule(problem="what it waits for lasts between nothing and a day")
    if kind is ConditionKind.STILLNESS and condition.lasting <= ZERO:
        raise BadRule(problem="stillness needs to last; say how long")


def _check_zone(zone: Sequence[Point]) -> None:
    _check_points(zone)
    if not 3 <= len(zone) <= MOST_POINTS:
        raise BadRule(problem=f"a zone has 3 to {MOST_POINTS} points")
    if area(zone) < LEAST_AREA:
        raise BadRule(problem="its zone holds nothing; its points lie on one line or on one spot, or it crosses itself")


def _check_points(points: Sequence[Point]) -> None:
    if not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in points):
        raise BadRule(problem="its points are fractions of the picture's width and height, 0 to 1")


def area(zone: Sequence[Point]) -> float:
    """The share of the picture in the polygon ``zone`` (the shoelace formula)."""
    ring = zip(zone, [*zone[1:], zone[0]], strict=True)
    return abs(sum(x * other_y - other_x * y for (x, y), (other_x, other_y) in ring)) / 2


def _check_schedule(schedule: Schedule) -> None:
    try:
        ZoneInfo(schedule.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadRule(problem=f"no time zone is called {schedule.zone}; they are called like Europe/Berlin") from error
    if not schedule.days or not schedule.days <= frozenset(range(7)):
        raise BadRule(problem="its days are numbers from 0, Monday, to 6, at least one of them")
    if schedule.start.tzinfo is not None or schedule.end.tzinfo is not None:
        raise BadRule(problem="its times are those of its zone, without one of their own")
