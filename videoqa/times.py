"""Times as people write and read them."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from videoqa.errors import BadDuration, BadTime
from videoqa.media import Span

_CLOCK = re.compile(r"(?:(?P<hours>\d{1,4}):)?(?P<minutes>\d{1,3}):(?P<seconds>[0-5]?\d(?:\.\d+)?)")
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)\s*(w|d|h|m|s)\s*)+")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(w|d|h|m|s)")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SECONDS = re.compile(r"(?P<seconds>\d+(?:\.\d+)?)\s*s?")
SECOND = timedelta(seconds=1)


def clock(time: timedelta) -> str:
    """``time`` as HH:MM:SS, cut to the second."""
    whole = time // SECOND
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def clock_ms(time: timedelta, point: str = ".") -> str:
    """``time`` as HH:MM:SS.mmm, as WebVTT (``point`` ".") and SubRip (",") write it."""
    return f"{clock(time)}{point}{time // timedelta(milliseconds=1) % 1000:03d}"


def clock_span(span: Span) -> str:
    """``span`` as HH:MM:SS-HH:MM:SS."""
    return f"{clock(span.start)}-{clock(span.end)}"


def parse_offset(text: str) -> timedelta:
    """A time from the recording's start: [H:]MM:SS, or seconds.

    Raises:
        BadTime: ``text`` is neither.
    """
    if (found := _CLOCK.fullmatch(text.strip())) is not None:
        return timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"]), seconds=float(found["seconds"]))
    if (found := _SECONDS.fullmatch(text.strip())) is not None:
        try:
            return timedelta(seconds=float(found["seconds"]))
        except OverflowError as error:
            raise BadTime(text=text) from error
    raise BadTime(text=text)


def parse_duration(text: str) -> timedelta:
    """How long something takes: 90s, 5m, 24h, 7d, 2w, or several of these.

    Raises:
        BadDuration: ``text`` is none of them.
    """
    plain = text.strip().lower()
    if _DURATION.fullmatch(plain) is None:
        raise BadDuration(text=text)
    try:
        return sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _PART.findall(plain)), timedelta())
    except OverflowError as error:
        raise BadDuration(text=text) from error


def duration(time: timedelta) -> str:
    """``time`` as ``parse_duration`` reads it, in days or a smaller whole unit."""
    for unit, name in _UNITS.items():
        if unit != "w" and time and not time % timedelta(**{name: 1}):
            return f"{time // timedelta(**{name: 1})}{unit}"
    return f"{time.total_seconds():g}s"


def zone_called(name: str) -> tzinfo:
    """The IANA zone of ``name``; where that is empty, this machine's."""
    return ZoneInfo(name) if name else _Here()


def zone_name_here() -> str:
    """The IANA name of this machine's zone, empty where it does not tell."""
    named = os.environ.get("TZ", "").removeprefix(":") or str(Path("/etc/localtime").resolve())
    name = named.rpartition("zoneinfo/")[2]
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def parse_moment(text: str, zone: tzinfo) -> datetime:
    """A wall clock time in ISO 8601, in ``zone`` where it names none, as aware UTC.

    Raises:
        BadTime: ``text`` is no such time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadTime(text=text) from error


class _Here(tzinfo):
    """This machine's zone with its summer time, which ``datetime.astimezone`` knows for one instant only."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)
