"""What of cameras' footage is kept, and what goes when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from videoqa.alerting.closing import begin_rules
from videoqa.alerting.retention import MOST_A_PASS, MOST_FOR_ROOM, NOTICES_KEPT, Retention
from videoqa.cameras import Camera, CameraState, CameraStatus, Limits, StreamUrl
from videoqa.events import Event, Source
from videoqa.media import Coverage, FrameGroup, Recording, RecordingState, Span
from videoqa.ports import Look, Pin, RecordedLook, RecordingFilter, TimelineChange
from videoqa.testing.alert_log import MemoryAlertLog
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.cameras import MemoryCameras

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTES, DAY = timedelta(minutes=10), timedelta(days=1)


class Pins:
    def __init__(self) -> None:
        self.kept: list[Pin] = []

    def add(self, pin: Pin) -> None:
        self.kept.append(pin)

    def pins(self, recordings: object = None) -> tuple[Pin, ...]:
        return tuple(self.kept)

    def remove(self, pin_id: str) -> None: ...


class World:
    """Recordings of a camera, each of 100 bytes; ``lacking`` are bytes that the disk has too few of.

    Something was brought ``NOW``; ``later`` is by a clock that nobody sets.
    """

    def __init__(self) -> None:
        self.later = timedelta(0)
        self.archive = MemoryArchive()
        cameras = MemoryCameras()
        cameras.add(camera())
        self.log = MemoryAlertLog(cameras, self.archive)
        self.pins = Pins()
        self.lacking = 0
        self.limits: list[Limits] = []
        self.retention = Retention(
            self.archive,
            self.pins,
            self.log,
            lambda: self.limits,
            lambda recording: self.archive.remove(recording.id),
            size_of=lambda recording: 100,
            lacking=lambda: self.lacking,
            steady=lambda: self.later / timedelta(seconds=1),
        )
        state = RecordingState.INDEXED
        self.archive.add(Recording("brought", "brought", "/brought", "brought", MINUTES, state, added_at=NOW))

    def record(
        self, name: str, days_ago: float, *, alert: bool = False, camera: str = "gate", ended: bool = True
    ) -> None:
        started_at = NOW - days_ago * DAY
        state = RecordingState.INDEXED if ended else RecordingState.RECORDING
        self.archive.add(
            Recording(name, name, f"/{name}", name, MINUTES, state, started_at, camera=camera, added_at=started_at)
        )
        analysis = begin_rules(self.archive, name, MINUTES)
        if alert:
            event = Event("e" + name, name, Span(DAY * 0, MINUTES / 2), "motion", "it moves", Source.MOTION, ())
            self._put(analysis, event)
        self.archive.finish(analysis, Coverage(MINUTES), (), ())

    def _put(self, analysis: str, event: Event) -> None:
        self.archive.set_plan(analysis, [DAY * 0], [FrameGroup(0, Span(DAY * 0, MINUTES), (DAY * 0,))])
        self.archive.record(analysis, 0, RecordedLook(Look()), TimelineChange(closed=(event,)))

    def keep(self, *cameras: Camera, now: datetime | None = None) -> list[str]:
        self.limits = [camera.limits for camera in cameras]
        self.retention.keep(now or NOW + self.later)
        return self.left

    @property
    def left(self) -> list[str]:
        return sorted(each.id for each in self.archive.page(RecordingFilter(), limit=1000) if each.camera)


@pytest.fixture
def world() -> World:
    return World()


def camera(name: str = "gate", **how: object) -> Camera:
    return Camera(name, name, StreamUrl("rtsp://10.0.0.7/"), NOW, **how)  # type: ignore[arg-type]


def test_what_ended_longer_ago_than_is_kept_goes(world: World) -> None:
    world.record("old", 8)
    world.record("just", 7.001)
    world.record("young", 6)
    world.record("elsewhere", 20, camera="door")
    assert world.keep(camera(keep=7 * DAY)) == ["elsewhere", "just", "young"]


def test_without_a_limit_nothing_goes(world: World) -> None:
    world.record("old", 4000)
    world.lacking = 1000
    assert world.keep(camera()) == ["old"]


def test_what_a_removed_camera_recorded_goes_by_the_limits_it_had(world: World) -> None:
    cameras = MemoryCameras()
    world.retention.limits = cameras.limits
    cameras.add(camera(keep=7 * DAY))
    cameras.add(camera("door", keep_bytes=150))
    for number in range(3):
        world.record(f"gate {number}", 5 + 3 * number)
        world.record(f"door {number}", 5 + 3 * number, camera="door")
    cameras.remove("gate")
    cameras.remove("door")
    world.retention.keep(NOW)
    assert world.left == ["door 0", "gate 0"]


def test_what_shows_alerts_is_kept_longer(world: World) -> None:
    world.record("quiet", 8)
    world.record("alert", 8, alert=True)
    world.record("older alert", 31, alert=True)
    assert world.keep(camera(keep=7 * DAY, keep_events=30 * DAY)) == ["alert"]


def test_what_has_a_pin_stays(world: World) -> None:
    world.record("pinned", 400)
    world.pins.add(Pin("p", "pinned", Span(DAY * 0, MINUTES), "", "me", NOW))
    assert world.keep(camera(keep=7 * DAY, keep_bytes=50)) == ["pinned"]


def test_what_is_under_way_stays(world: World) -> None:
    world.record("now", 8, ended=False)
    assert world.keep(camera(keep=7 * DAY, keep_bytes=1)) == ["now"]


def test_over_its_room_the_oldest_quiet_footage_goes_first(world: World) -> None:
    world.record("oldest alert", 5, alert=True)
    for number in range(4):
        world.record(f"quiet {number}", 4 - number)
    assert world.keep(camera(keep_bytes=300)) == ["oldest alert", "quiet 2", "quiet 3"]
    assert world.keep(camera(keep_bytes=100)) == ["oldest alert"]


def test_what_is_under_way_counts_among_what_a_camera_takes(world: World) -> None:
    world.record("old", 2)
    world.record("young", 1)
    world.record("now", 0, ended=False)
    assert world.keep(camera(keep_bytes=200)) == ["now", "young"]


def test_a_full_disk_takes_of_what_has_a_limit(world: World) -> None:
    for number in range(4):
        world.record(f"quiet {number}", 4 - number)
    world.lacking = 150
    assert world.keep(camera(keep=30 * DAY)) == ["quiet 2", "quiet 3"]


def test_a_full_disk_takes_a_few_at_once_of_who_has_most_and_neither_alerts_nor_what_is_fresh(world: World) -> None:
    for number in range(8):
        world.record(f"gate {number}", 9 - number)
    world.record("gate 8", 0.01)
    for number in range(3):
        world.record(f"door {number}", 20 - number, camera="door", alert=number == 0)
    world.lacking = 10_000
    bounded = camera(keep=30 * DAY), camera("door", keep_bytes=5000)
    kept = {f"gate {number}" for number in range(9)} | {f"door {number}" for number in range(3)}
    assert set(world.keep(*bounded)) == kept - {f"gate {number}" for number in range(MOST_FOR_ROOM)}
    for _ in range(3):
        left = world.keep(*bounded)
    assert left == ["door 0", "gate 8"]


@pytest.mark.parametrize("leap", [timedelta(hours=2), DAY, 60 * DAY])
def test_nothing_goes_by_age_when_the_clock_has_leapt_until_it_is_steady(world: World, leap: timedelta) -> None:
    world.record("just", 6.99)
    assert world.keep(camera(keep=7 * DAY)) == ["just"]
    for _ in range(59):
        world.later += timedelta(minutes=1)
        assert world.keep(camera(keep=7 * DAY), now=NOW + leap + world.later) == ["just"]
    # It was wrong, and is right again.
    for _ in range(59):
        world.later += timedelta(minutes=1)
        assert world.keep(camera(keep=7 * DAY)) == ["just"]
    world.later += timedelta(minutes=1)
    world.keep(camera(keep=7 * DAY))
    world.later += DAY
    assert world.keep(camera(keep=7 * DAY)) == []


def test_nothing_goes_by_age_while_a_clock_that_begins_far_ahead_is_not_steady(world: World) -> None:
    world.record("young", 1)
    world.log.write([CameraStatus("gate", CameraState.ONLINE, NOW)])
    at = max(NOW, datetime.now(UTC)) + 2000 * DAY
    assert world.keep(camera(keep=7 * DAY), now=at) == ["young"]
    assert world.log.notices(0)
    world.later = timedelta(minutes=59)
    assert world.keep(camera(keep=7 * DAY), now=at + world.later) == ["young"]
    world.later = timedelta(minutes=60)
    assert world.keep(camera(keep=7 * DAY), now=at + world.later) == []


def test_few_go_at_once_whatever_their_age(world: World) -> None:
    for number in range(2 * MOST_A_PASS + 1):
        world.record(f"old {number}", 10)
    for left in (MOST_A_PASS + 1, 1, 0):
        assert len(world.keep(camera(keep=7 * DAY))) == left


def test_old_notices_go_and_their_numbers_are_not_used_again(world: World) -> None:
    world.log.write([CameraStatus("gate", CameraState.ONLINE, NOW)])
    last = world.log.last_seq()
    world.keep()
    assert world.log.notices(0)
    world.later = datetime.now(UTC) - NOW + NOTICES_KEPT + DAY
    world.keep()
    assert world.log.notices(0) == ()
    assert world.log.last_seq() == last
