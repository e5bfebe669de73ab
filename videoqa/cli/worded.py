"""What the options about cameras and rules say, in the words that a user writes them in."""

from __future__ import annotations

import sys
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from videoqa.errors import BadCamera, BadRule, BadSetting
from videoqa.times import parse_duration, zone_name_here

if TYPE_CHECKING:
    from videoqa.alerts import Point, Schedule, Severity
    from videoqa.bootstrap import House
    from videoqa.cameras import StreamUrl

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHORTEST_KEPT = timedelta(minutes=1)


def address(text: str) -> StreamUrl:
    """The address of a camera; ``-`` reads it from standard input.

    Raises:
        BadCamera: it is the path of a file; it tells the address of that.
    """
    from videoqa.cameras import StreamUrl

    url = StreamUrl(sys.stdin.readline().strip() if text == "-" else text)
    path = Path(url.text)
    if "://" not in url.text and url.scheme != "file" and path.exists():
        raise BadCamera(problem=f"a file is played by its address: {path.absolute().as_uri()}")
    return url


def kept(text: str) -> timedelta | None:
    """For how long footage is kept; None where ``text`` is empty, which takes a bound away."""
    if not text:
        return None
    if (time_kept := parse_duration(text)) < _SHORTEST_KEPT:
        raise BadCamera(problem="footage is kept for a minute or longer")
    return time_kept


def period(text: str) -> timedelta:
    """From one look to the next."""
    between_looks = parse_duration(text)
    if not timedelta(milliseconds=100) <= between_looks <= timedelta(hours=1):
        raise BadCamera(problem="it is looked at every 0.1s to 1h")
    return between_looks


def severity_called(name: str) -> Severity:
    from videoqa.alerts import Severity

    if name not in list(Severity):
        raise BadSetting(name="--severity", value=name, expected=", ".join(Severity))
    return Severity(name)


def points(option: str, text: str) -> tuple[Point, ...]:
    """Places in the picture, "0.1,0.5 0.9,0.5"; none where ``text`` is empty."""
    try:
        pairs = [tuple(map(float, pair.split(","))) for pair in text.replace(";", " ").split()]
        return tuple((x, y) for x, y in pairs)
    except ValueError as error:
        expected = 'points as "0.1,0.5 0.9,0.5": fractions of width and height'
        raise BadSetting(name=option, value=text, expected=expected) from error


def schedule(
    place: House,
    between: tuple[str, str] | None,
    days: str | None,
    timezone: str | None,
    before: Schedule | None = None,
) -> Schedule | None:
    """When a rule is armed; what is None is as ``before``, or else all day, every day, by this machine's clock."""
    from videoqa.alerts import Schedule

    if between is None and days is None and (timezone is None or before is None):
        if timezone is not None:
            raise BadRule(problem="--timezone is the clock of --between and --days; give one of these, too")
        return before
    zone = timezone or ("" if before is None else before.zone) or place.settings.timezone or zone_name_here()
    if not zone:
        raise BadSetting(
            name="--timezone", value="", expected="a zone as Europe/Berlin: this machine does not tell its own"
        )
    known = before or Schedule(time(0), time(0), zone)
    start, end = (known.start, known.end) if between is None else map(_time, between)
    return Schedule(start, end, zone, known.days if days is None else _weekdays(days))


def _time(text: str) -> time:
    try:
        clock = time.fromisoformat(text.strip().zfill(5))
    except ValueError as error:
        raise BadSetting(name="--between", value=text, expected="a time of day as 22:00") from error
    if clock.tzinfo is not None:
        raise BadSetting(name="--between", value=text, expected="a time of day without a zone, which is --timezone's")
    return clock


def _weekdays(text: str) -> frozenset[int]:
    found: set[int] = set()
    try:
        for part in text.lower().replace(" ", "").split(","):
            first, _, last = part.partition("-")
            begin = DAYS.index(first[:3])
            length = (DAYS.index((last or first)[:3]) - begin) % len(DAYS) + 1
            found.update((begin + day) % len(DAYS) for day in range(length))
    except ValueError as error:
        raise BadSetting(name="--days", value=text, expected="days as mon-fri or sat,sun") from error
    return frozenset(found)
