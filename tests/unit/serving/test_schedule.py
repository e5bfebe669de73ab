"""Hours of the day, over midnight too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from videoqa.errors import BadSetting
from videoqa.serving.schedule import Schedule, duration


def _at(clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "clock", "is_open"),
    [
        ("08:00-20:00", "07:59", False),
        ("08:00-20:00", "08:00", True),
        ("08:00-20:00", "20:00", False),
        ("22:00-06:00", "23:30", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "12:00", False),
        ("8:00-12:00, 13:00-17:00", "12:30", False),
        ("8:00-12:00, 13:00-17:00", "13:30", True),
        ("00:00-24:00", "23:59", True),
    ],
)
def test_a_stretch_holds_its_beginning_and_not_its_end(text: str, clock: str, is_open: bool) -> None:
    assert Schedule.read(text).open_at(_at(clock)) is is_open


@pytest.mark.parametrize(
    ("text", "clock", "minutes"),
    [
        ("08:00-20:00", "07:30", 30),
        ("08:00-20:00", "21:00", 11 * 60),
        ("08:00-20:00", "09:00", 0),
        ("22:00-06:00", "06:00", 16 * 60),
        ("8:00-12:00,13:00-17:00", "12:15", 45),
    ],
)
def test_it_knows_when_it_opens_next(text: str, clock: str, minutes: int) -> None:
    assert Schedule.read(text).opens_in(_at(clock)) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "8-20", "08:00", "25:00-26:00", "08:00-08:00", "08:61-09:00", "08:00-20:00,"])
def test_what_is_no_stretch_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="HH:MM-HH:MM"):
        Schedule.read(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), ("45", 45)])
def test_a_time_is_read_with_its_unit(text: str, seconds: float) -> None:
    assert duration("--idle-stop", text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "0", "15 minutes"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="--idle-stop"):
        duration("--idle-stop", text)
