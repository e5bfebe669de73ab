"""What every keeper of cameras does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from videoqa.alerts import NoticeKind
from videoqa.cameras import Camera, CameraState, CameraStatus, ClockSource, Detail, Gap, Limits, StreamUrl
from videoqa.errors import CameraTaken, UnknownCamera
from videoqa.ports import AlertLog, Cameras

if TYPE_CHECKING:
    from tests.contracts.conftest import Live

NOON = datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GATE = Camera(
    id="c1",
    name="gate-1",
    url=StreamUrl("rtsp://user:p%40ss@10.0.0.7/stream?key=1"),
    added_at=NOON,
    keep=timedelta(days=7),
    keep_events=timedelta(days=30, microseconds=1),
    keep_bytes=2**41,
    period=timedelta(milliseconds=500),
    detail=Detail.KEYFRAMES,
    tags=("hall", "门"),
    enabled=False,
    owner="k1",
)
YARD = Camera("c2", "Yard", StreamUrl("rtsp://10.0.0.8/"), NOON)
ONLINE = CameraStatus(
    camera="c1",
    state=CameraState.ONLINE,
    since=NOON,
    problem="",
    last_frame_at=NOON + MINUTE,
    recording="r1",
    width=1280,
    height=720,
    codec="h264",
    clock=ClockSource.RTCP,
    reconnects=2**40,
    dropped=2**40,
)


@pytest.fixture
def cameras(live: Live) -> Cameras:
    return live.cameras


@pytest.fixture
def log(live: Live) -> AlertLog:
    return live.log


def test_the_log_tells_that_a_camera_was_removed_and_whom_it_was_there_for(cameras: Cameras, log: AlertLog) -> None:
    before = datetime.now(UTC)
    cameras.add(GATE)
    cameras.add(YARD)
    log.write([ONLINE])
    for camera_id in ("c1", "c2", "c2", "c3"):
        cameras.remove(camera_id)
    gate, yard = log.notices(1)
    assert (gate.seq, gate.kind, gate.camera, gate.tags) == (2, NoticeKind.CAMERA_STATUS, "c1", ("hall", "门"))
    assert gate.status is not None
    assert gate.status == replace(ONLINE, state=CameraState.REMOVED, since=gate.status.since, recording="")
    assert gate.status.since >= before
    assert (yard.camera, yard.tags, yard.status and yard.status.state) == ("c2", (), CameraState.REMOVED)
    assert cameras.status("c1") is None


def test_a_camera_comes_back_as_it_was_added(cameras: Cameras) -> None:
    cameras.add(YARD)
    cameras.add(GATE)
    assert cameras.cameras() == (YARD, GATE)
    assert cameras.camera("c1") == cameras.camera("gate-1") == GATE
    found = cameras.camera("c1")
    assert found is not None
    assert found.url.text == GATE.url.text
    assert cameras.with_id("c1") == GATE
    assert cameras.with_id("gate-1") is None
    assert cameras.camera("nothing") is None
    assert cameras.camera("\0\ud800") is None


def test_a_camera_shows_its_password_to_nobody_by_accident(cameras: Cameras) -> None:
    cameras.add(GATE)
    assert "p%40ss" not in repr(cameras.cameras())
    with pytest.raises(CameraTaken) as refused:
        cameras.add(replace(GATE, id="c3"))
    assert "p%40ss" not in f"{refused.value!r} {refused.value}"


def test_a_name_is_given_once(cameras: Cameras) -> None:
    cameras.add(GATE)
    cameras.add(YARD)
    for taken in ("gate-1", "c1"):
        with pytest.raises(CameraTaken, match=taken):
            cameras.add(replace(YARD, id="c3", name=taken))
    with pytest.raises(CameraTaken, match="gate-1"):
        cameras.change(replace(YARD, name="gate-1"))
    assert cameras.cameras() == (YARD, GATE)
    cameras.remove("c1")
    cameras.add(replace(YARD, id="c3", name="gate-1"))


def test_no_camera_has_the_id_that_another_one_is_called(cameras: Cameras) -> None:
    called = replace(YARD, name="c1")
    cameras.add(called)
    with pytest.raises(CameraTaken):
        cameras.add(GATE)
    assert cameras.camera("c1") == called


def test_a_changed_camera_stands_in_the_place_of_the_one_before(cameras: Cameras) -> None:
    cameras.add(GATE)
    changed = replace(GATE, name="gate", url=StreamUrl("rtsp://other/"), keep=None, keep_events=None, tags=())
    cameras.change(changed)
    assert cameras.cameras() == (changed,)
    with pytest.raises(UnknownCamera, match="Yard"):
        cameras.change(YARD)


def test_a_status_is_touched_without_a_notice(cameras: Cameras, log: AlertLog) -> None:
    cameras.add(GATE)
    log.write([ONLINE])
    later = replace(ONLINE, last_frame_at=NOON + 2 * MINUTE, clock=None, recording="", problem="門 is shut")
    cameras.touch(later)
    assert cameras.status("c1") == later
    assert log.last_seq() == 1


def test_a_touch_puts_back_nothing_that_was_removed(cameras: Cameras, log: AlertLog) -> None:
    cameras.touch(ONLINE)
    assert cameras.status("c1") is None
    cameras.add(GATE)
    log.write([ONLINE])
    cameras.remove("c1")
    cameras.touch(ONLINE)
    assert cameras.status("c1") is None


def test_what_is_told_late_puts_back_nothing_that_was_removed(cameras: Cameras, log: AlertLog) -> None:
    cameras.add(GATE)
    cameras.remove("c1")
    assert log.write([ONLINE, Gap("c1", NOON, None, "x")]) == ()
    assert (cameras.status("c1"), cameras.gaps("c1", NOON, NOON + MINUTE)) == (None, ())
    assert log.last_seq() == 1


def test_a_status_in_the_log_is_how_the_camera_is(cameras: Cameras, log: AlertLog) -> None:
    cameras.add(GATE)
    log.write([ONLINE])
    stalled = replace(ONLINE, state=CameraState.STALLED, since=NOON + MINUTE)
    log.write([stalled])
    assert cameras.status("c1") == stalled


def test_gaps_are_those_that_reach_into_the_time(cameras: Cameras, log: AlertLog) -> None:
    cameras.add(GATE)
    cameras.add(YARD)
    first = Gap("c1", NOON, NOON + MINUTE, "no frames came")
    second = Gap("c1", NOON + 2 * MINUTE, NOON + 3 * MINUTE, "the network")
    lasting = Gap("c1", NOON + 4 * MINUTE, None, "refused")
    log.write([lasting, second, first, Gap("c2", NOON, None, "refused")])
    assert cameras.gaps("c1", NOON, NOON + 9 * MINUTE) == (first, second, lasting)
    assert cameras.gaps("c1", NOON, NOON + 9 * MINUTE, 2) == (second, lasting)
    assert cameras.gaps("c1", NOON + MINUTE, NOON + 2 * MINUTE) == ()
    assert cameras.gaps("c1", NOON + 2.5 * MINUTE, NOON + 2.6 * MINUTE) == (second,)
    assert cameras.gaps("c1", NOON + 99 * MINUTE, NOON + 100 * MINUTE) == (lasting,)
    ended = replace(lasting, end=NOON + 5 * MINUTE)
    log.write([ended])
    assert cameras.gaps("c1", NOON + 4 * MINUTE, NOON + 100 * MINUTE) == (ended,)
    assert cameras.gaps("c1", NOON + 5 * MINUTE, NOON + 100 * MINUTE) == ()


def test_a_removed_camera_is_forgotten_with_its_status_and_gaps(cameras: Cameras, log: AlertLog) -> None:
    cameras.add(GATE)
    cameras.add(YARD)
    other = replace(ONLINE, camera="c2")
    log.write([ONLINE, other, Gap("c1", NOON, None, "x"), Gap("c2", NOON, None, "x")])
    cameras.remove("c1")
    cameras.remove("nothing")
    assert cameras.cameras() == (YARD,)
    assert (cameras.status("c1"), cameras.status("c2")) == (None, other)
    assert cameras.gaps("c1", NOON, NOON + MINUTE) == ()
    assert len(cameras.gaps("c2", NOON, NOON + MINUTE)) == 1
    assert log.last_seq() == 5


def test_the_limits_of_a_removed_camera_go_on_to_hold(cameras: Cameras) -> None:
    cameras.add(YARD)
    cameras.add(GATE)
    week = Limits("c1", timedelta(days=7), timedelta(days=30, microseconds=1), 2**41)
    assert cameras.limits() == (week, Limits("c2"))
    cameras.remove("c1")
    cameras.remove("c2")
    assert cameras.limits() == (week,)
    # Another one of its name is another camera.
    cameras.add(replace(GATE, id="c3", keep_bytes=0))
    assert cameras.limits() == (replace(week, camera="c3", keep_bytes=0), week)
    # One with its id has taken its place.
    cameras.remove("c3")
    cameras.add(replace(GATE, keep=None))
    assert cameras.limits() == (replace(week, keep=None), replace(week, camera="c3", keep_bytes=0))
