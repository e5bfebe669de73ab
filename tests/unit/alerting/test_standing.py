from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from videoqa.alerting.standing import TOUCH, Standing
from videoqa.cameras import Camera, CameraState, StreamUrl
from videoqa.testing.alert_log import MemoryAlertLog
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.cameras import MemoryCameras

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CAMERA = Camera("gate", "Gate", StreamUrl("rtsp://10.0.0.7/stream"), NOON)
HOUR = timedelta(hours=1)


class Clocks:
    """One at the wall, and one that nobody puts back."""

    def __init__(self) -> None:
        self.wall, self.steady = NOON, 0.0

    def go(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.steady += seconds


@pytest.fixture
def cameras() -> MemoryCameras:
    cameras = MemoryCameras()
    cameras.add(CAMERA)
    return cameras


@pytest.fixture
def log(cameras: MemoryCameras) -> MemoryAlertLog:
    return MemoryAlertLog(cameras, MemoryArchive())


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def standing(cameras: MemoryCameras, log: MemoryAlertLog, clocks: Clocks) -> Standing:
    standing = Standing(CAMERA, cameras, log, lambda: clocks.wall, lambda: clocks.steady)
    standing.become(CameraState.ONLINE)
    return standing


def test_counts_are_written_down_now_and_then_though_the_clock_is_put_back(
    standing: Standing, cameras: MemoryCameras, clocks: Clocks
) -> None:
    def dropped() -> int:
        status = cameras.status("gate")
        assert status is not None
        return status.dropped

    clocks.wall -= HOUR
    standing.note(dropped=1)
    assert dropped() == 0
    clocks.go(TOUCH.total_seconds())
    standing.note(dropped=2)
    assert dropped() == 2


def test_of_a_camera_that_was_removed_nothing_is_put_back(
    standing: Standing, cameras: MemoryCameras, log: MemoryAlertLog, clocks: Clocks
) -> None:
    cameras.remove("gate")
    told = log.last_seq()
    clocks.go(60)
    standing.note(dropped=1)
    standing.become(CameraState.ONLINE, "late")
    standing.become(CameraState.STALLED)
    standing.footage_ends(clocks.wall)
    standing.lacks_footage("cut")
    standing.footage_begins(clocks.wall + HOUR)
    assert cameras.status("gate") is None
    assert cameras.gaps("gate", NOON - HOUR, NOON + 2 * HOUR) == ()
    assert log.last_seq() == told
