"""Times as people write and read them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from videoqa.errors import BadDuration, BadTime
from videoqa.times import (
    clock,
    clock_ms,
    duration,
    parse_duration,
    parse_moment,
    parse_offset,
    zone_called,
    zone_name_here,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10:00", 600), ("1:02:03", 3723), ("00:00:01.5", 1.5), ("90", 90), ("12.5s", 12.5), ("75:00", 4500)],
)
def test_an_offset_is_read_as_it_is_written(text: str, seconds: float) -> None:
    assert parse_offset(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "ten", "1:60", "-5", "1:2:3:4", "2026-01-01", "nan", "9" * 20])
def test_what_is_no_offset_is_misuse(text: str) -> None:
    with pytest.raises(BadTime):
        parse_offset(text)


def test_a_clock_is_cut_not_rounded() -> None:
    assert clock(timedelta(seconds=3599.999)) == "00:59:59"
    assert clock_ms(timedelta(hours=101, milliseconds=7), ",") == "101:00:00,007"


def test_a_wall_clock_time_without_a_zone_is_the_users() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert parse_moment("2026-07-01T12:00", berlin) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert parse_moment("2026-07-01T12:00Z", berlin) == datetime(2026, 7, 1, 12, tzinfo=UTC)
    for text in ("noon", "0001-01-01T00:00"):
        with pytest.raises(BadTime):
            parse_moment(text, berlin)


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine_in_berlin")
def test_this_machines_zone_knows_summer_from_winter() -> None:
    here = zone_called("")
    assert parse_moment("2026-07-01T12:00", here) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert parse_moment("2026-01-01T12:00", here) == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert datetime(2026, 7, 1, 10, tzinfo=UTC).astimezone(here).hour == 12


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("7d", timedelta(days=7)),
        ("5m", timedelta(minutes=5)),
        ("1h 30m", timedelta(minutes=90)),
        ("0.5s", timedelta(0.5 / 86400)),
        ("2W", timedelta(14)),
    ],
)
def test_a_length_of_time_is_read_as_it_is_written(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1y", "1d2", "9" * 30 + "d", "1:00"])
def test_what_is_no_length_of_time_is_misuse(text: str) -> None:
    with pytest.raises(BadDuration):
        parse_duration(text)


@pytest.mark.parametrize("text", ["7d", "36h", "5m", "90s", "0.25s", "0s"])
def test_a_length_of_time_is_written_as_it_is_read(text: str) -> None:
    assert duration(parse_duration(text)) == text


def test_the_zone_of_this_machine_has_a_name_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert zone_name_here() == "Europe/Berlin"
    monkeypatch.setenv("TZ", "EST5EDT,M3.2.0,M11.1.0")
    assert zone_name_here() == ""
