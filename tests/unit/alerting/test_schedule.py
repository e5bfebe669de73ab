from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoqa.alerting.schedule import armed
from videoqa.alerts import Schedule

BERLIN = ZoneInfo("Europe/Berlin")
WORK = Schedule(time(9), time(17), "Europe/Berlin", frozenset(range(5)))
NIGHT = Schedule(time(22), time(6), "Europe/Berlin")
LEAP_DAY, BACK_DAY = (2026, 3, 29), (2026, 10, 25)


def berlin(*when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=BERLIN, fold=fold).astimezone(UTC)  # type: ignore[misc, arg-type]


def armed_minutes(schedule: Schedule, first: datetime, hours: int = 48) -> int:
    return sum(armed(schedule, first + timedelta(minutes=minute)) for minute in range(hours * 60))


def test_a_rule_without_a_schedule_is_always_armed() -> None:
    assert armed(None, berlin(2026, 1, 1, 3))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (berlin(2026, 1, 5, 8, 59), False),
        (berlin(2026, 1, 5, 9), True),
        (berlin(2026, 1, 5, 16, 59), True),
        (berlin(2026, 1, 5, 17), False),
        (berlin(2026, 1, 3, 12), False),
        (datetime(2026, 1, 5, 8, 30, tzinfo=UTC), True),
        (datetime(2026, 7, 6, 8, 30, tzinfo=UTC), True),
        (datetime(2026, 7, 6, 7, 30, tzinfo=UTC), True),
    ],
)
def test_it_goes_by_the_clock_and_the_days_of_its_zone(at: datetime, expected: bool) -> None:
    assert armed(WORK, at) is expected


@pytest.mark.parametrize(("hour", "expected"), [(21, False), (22, True), (23, True), (0, True), (5, True), (6, False)])
def test_a_stretch_goes_on_over_midnight(hour: int, expected: bool) -> None:
    assert armed(NIGHT, berlin(2026, 1, 5, hour)) is expected


def test_the_night_from_friday_on_is_armed_on_saturday_morning() -> None:
    friday = Schedule(time(22), time(6), "Europe/Berlin", frozenset({4}))
    assert armed(friday, berlin(2026, 1, 9, 23))
    assert armed(friday, berlin(2026, 1, 10, 3))
    assert not armed(friday, berlin(2026, 1, 9, 3))
    assert not armed(friday, berlin(2026, 1, 10, 23))


def test_one_that_ends_as_it_starts_lasts_a_day() -> None:
    saturday = Schedule(time(8), time(8), "Europe/Berlin", frozenset({5}))
    assert armed(saturday, berlin(2026, 1, 10, 8))
    assert armed(saturday, berlin(2026, 1, 11, 7, 59))
    assert not armed(saturday, berlin(2026, 1, 11, 8))


def test_a_night_is_an_hour_shorter_when_clocks_go_forward_and_longer_when_they_go_back() -> None:
    assert armed_minutes(NIGHT, berlin(2026, 3, 28, 12), hours=23) == 7 * 60
    assert armed_minutes(NIGHT, berlin(2026, 10, 24, 12), hours=25) == 9 * 60


def test_an_hour_that_comes_twice_is_armed_without_a_hole() -> None:
    schedule = Schedule(time(1, 30), time(2, 30), "Europe/Berlin")
    first = berlin(*BACK_DAY, 1, 30)
    assert [armed(schedule, first + timedelta(minutes=minute)) for minute in range(0, 120, 10)] == [True] * 12
    assert not armed(schedule, first + timedelta(minutes=120))


def test_a_start_that_clocks_leap_over_is_the_leap() -> None:
    schedule = Schedule(time(2, 30), time(4), "Europe/Berlin")
    assert not armed(schedule, berlin(*LEAP_DAY, 1, 59))
    assert armed(schedule, berlin(*LEAP_DAY, 3))
    assert not armed(schedule, berlin(*LEAP_DAY, 4))


def test_an_end_that_clocks_leap_over_is_the_leap() -> None:
    schedule = Schedule(time(1), time(2, 30), "Europe/Berlin")
    assert armed(schedule, berlin(*LEAP_DAY, 1, 59))
    assert not armed(schedule, berlin(*LEAP_DAY, 3))


@given(
    st.integers(0, 365 * 24 * 60),
    st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
    st.times(),
    st.times(),
)
def test_two_schedules_that_take_turns_leave_no_time_unarmed(minute: int, zone: str, one: time, other: time) -> None:
    day, night = Schedule(one, other, zone), Schedule(other, one, zone)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    assert armed(day, moment) or armed(night, moment)
