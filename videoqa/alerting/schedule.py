"""When a rule is armed, by the clocks of the place where it watches. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from videoqa.alerts import Schedule

_A_DAY = timedelta(days=1)


def armed(schedule: Schedule | None, at: datetime) -> bool:
    """True where ``at``, an aware time, lies in a stretch of ``schedule``; always where there is none.

    When clocks go back, a stretch goes from the first time that they show its start to the last time that they show
    its end. When they go forward, a start or an end that they leap over is the moment of the leap.
    """
    if schedule is None:
        return True
    zone = ZoneInfo(schedule.zone)
    local = at.astimezone(zone)
    today = local.date()
    days = [day for day in (today - _A_DAY, today) if day.weekday() in schedule.days]
    return any(_by_the_clock(schedule, day, local) or _between(schedule, day, zone, at) for day in days)


def _by_the_clock(schedule: Schedule, day: date, local: datetime) -> bool:
    """By what clocks show alone: right also where they leap over the start or the end."""
    shown = local.replace(tzinfo=None)
    return datetime.combine(day, schedule.start) <= shown < datetime.combine(_last(schedule, day), schedule.end)


def _between(schedule: Schedule, day: date, zone: ZoneInfo, at: datetime) -> bool:
    """By true time: right also where clocks show the hour of the end twice."""
    start = datetime.combine(day, schedule.start, zone)
    end = datetime.combine(_last(schedule, day), schedule.end, zone).replace(fold=1)
    return _exists(start) and _exists(end) and start.astimezone(UTC) <= at < end.astimezone(UTC)


def _last(schedule: Schedule, day: date) -> date:
    """The day on which the stretch that starts on ``day`` ends."""
    return day if schedule.end > schedule.start else day + _A_DAY


def _exists(local: datetime) -> bool:
    """False of a time that clocks leap over."""
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)
