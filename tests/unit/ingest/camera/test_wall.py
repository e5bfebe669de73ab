"""Which time of day a session's clock begins at."""

from __future__ import annotations

from ingest.camera.wall import WallClock
from videoqa.cameras import ClockSource

NOON = 1_800_000_000_000_000
SECOND = 1_000_000


def test_the_earliest_arrival_is_the_truest() -> None:
    wall = WallClock()
    wall.arrived(0, NOON + 2 * SECOND)
    wall.arrived(SECOND, NOON + SECOND + 40_000)
    wall.arrived(2 * SECOND, NOON + 2 * SECOND + 90_000)
    assert wall.zero() == (NOON + 40_000, ClockSource.ARRIVAL)


def test_a_sender_is_believed_where_it_is_near_our_clock() -> None:
    wall = WallClock()
    wall.arrived(0, NOON)
    wall.reported(NOON - 3 * SECOND)
    assert wall.zero() == (NOON - 3 * SECOND, ClockSource.RTCP)
    wall.reported(NOON - 3600 * SECOND)
    assert wall.zero() == (NOON, ClockSource.ARRIVAL)
    wall.reported(None)
    assert wall.zero() == (NOON, ClockSource.ARRIVAL)


def test_recordings_meet_where_the_clocks_drift_little() -> None:
    wall = WallClock()
    wall.arrived(600 * SECOND, NOON + 600 * SECOND + 30_000)
    assert wall.again(NOON) == (NOON, ClockSource.ARRIVAL)


def test_a_clock_that_went_far_off_is_set_anew_with_the_next_recording() -> None:
    wall = WallClock()
    wall.arrived(600 * SECOND, NOON + 602 * SECOND)
    assert wall.again(NOON) == (NOON + 2 * SECOND, ClockSource.ARRIVAL)
    wall.arrived(1200 * SECOND, NOON + 1203 * SECOND)
    assert wall.zero() == (NOON + 3 * SECOND, ClockSource.ARRIVAL), "what came before does not count any more"
