"""From stamps to the recording's time."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ingest.clock import Clock, microseconds, zero_of

TICK = Fraction(1, 1000)


def test_stamps_become_the_nearest_microsecond() -> None:
    assert microseconds(1, Fraction(1, 90000)) == 11
    assert microseconds(1001, Fraction(1, 30000)) == 33367
    assert microseconds(-1, Fraction(1, 3)) == -333333


@pytest.mark.parametrize(
    ("start", "zero"),
    [(0, 0), (1_075_000, 0), (1_400_000, 0), (-5_000_000, -5_000_000), (95_443_000_000, 95_443_000_000)],
)
def test_zero_is_the_containers_own_unless_its_stamps_are_a_running_clock(start: int, zero: int) -> None:
    assert zero_of(start) == zero


def test_what_follows_a_leap_back_is_put_behind_what_was_before() -> None:
    clock = Clock(TICK, 0)
    times = [clock.at(stamp, stamp, 40) for stamp in (0, 40, 80, 0, 40)]
    assert times == [0, 40_000, 80_000, 0, 40_000]
    times = [clock.at(stamp, stamp, 40) for stamp in (9000, 9040, 0, 40)]
    assert times == [9_000_000, 9_040_000, 9_080_000, 9_120_000]
    assert clock.leaps == 1


def test_reordered_pictures_are_no_leap() -> None:
    clock = Clock(TICK, 0)
    assert [clock.at(stamp, None, 40) for stamp in (0, 3000, 1000, 2000, 6000)] == [
        0,
        3_000_000,
        1_000_000,
        2_000_000,
        6_000_000,
    ]
    assert clock.leaps == 0


def test_reordered_pictures_that_each_stand_for_long_are_no_leap() -> None:
    clock = Clock(TICK, 0)
    packets = ((0, None), (60, None), (20, None), (40, 20), (80, 40), (100, 60))
    times = [clock.at(pts * 1000, None if dts is None else dts * 1000, 20_000) for pts, dts in packets]
    assert [time // 1_000_000 for time in times] == [0, 60, 20, 40, 80, 100]
    assert clock.leaps == 0


def test_a_leap_of_hours_is_kept_and_one_of_years_is_closed() -> None:
    clock = Clock(TICK, 0)
    assert clock.at(7_200_000, 7_200_000, 40) == 7_200_000_000
    assert clock.at(94_608_000_000, 94_608_000_000, 40) == 7_200_040_000
    assert clock.leaps == 1


def test_a_running_clock_begins_at_zero() -> None:
    assert Clock(TICK, 5_000_000).at(5_000, 5_000, 40) == 0
