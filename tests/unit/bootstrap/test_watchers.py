"""Cameras and rules that come, change and go while they are watched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from videoqa.access import Caller, Role, Scope
from videoqa.alerting.blind import KILLED
from videoqa.alerting.closing import under_way
from videoqa.alerting.setting_up import CameraWishes
from videoqa.alerts import Alert, AlertRule, AlertState, Condition, ConditionKind, NoticeKind, Severity, Verdict
from videoqa.bootstrap import House
from videoqa.bootstrap.watchers import Watchers
from videoqa.cameras import Camera, CameraState, CameraStatus, ClockSource, StreamUrl
from videoqa.media import Coverage, CoverageState, CoveredSpan, Frame, Picture, RecordingState, Span
from videoqa.ports import AlertChange, AlertFilter, AnalysisKind, LiveFrame, LiveItem, Lost, RecordingFilter, Tuned
from videoqa.settings import Settings
from videoqa.testing.sentries import WhiteSentries

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PICTURE = Picture(4, 4, b"\xff" * 48)
RULE = AlertRule("white", "white", Condition(ConditionKind.MOTION), NOW, cooldown=timedelta(0))
GATE = Camera("gate", "Gate", StreamUrl("rtsp://10.0.0.7/"), NOW, tags=("yard",))
LEFT = Alert(
    "left",
    "white",
    "gate",
    "",
    AlertState.OPEN,
    NOW,
    None,
    Severity.LOW,
    "white",
    "",
    1,
    Verdict.SIGNALS,
    "",
    0 * SECOND,
)
DOOR = Camera("door", "Door", StreamUrl("rtsp://10.0.0.8/"), NOW)


class Cameras:
    """Send a white picture a second, played at a hundred times the speed, for as long as somebody looks."""

    def __init__(self) -> None:
        self.opened: list[Camera] = []

    @contextmanager
    def session(
        self, camera: Camera, path_of: Callable[[datetime], str], stop: Callable[[], bool]
    ) -> Iterator[Iterator[LiveItem]]:
        self.opened.append(camera)
        yield self._items(path_of, stop)

    def _items(self, path_of: Callable[[datetime], str], stop: Callable[[], bool]) -> Iterator[LiveItem]:
        begun, length = datetime.now(UTC), timedelta(0)
        path = Path(path_of(begun))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no footage")
        yield Tuned(4, 4, "h264", begun, ClockSource.ARRIVAL)
        while not stop():
            time.sleep(0.01)
            yield LiveFrame(Frame(length, PICTURE), begun + length)
            length += SECOND
        yield Lost(CameraState.OFF, "", begun + length, length)


class World:
    def __init__(self, folder: Path) -> None:
        self.place = House(Settings(data_dir=folder))
        self.cameras = Cameras()
        self.place.__dict__["live_source"] = self.cameras
        self.place.__dict__["sentries"] = WhiteSentries()
        self.watchers = Watchers(self.place, self.place.alert_log)

    def until(self, held: Callable[[], object]) -> None:
        """Looks, as the process does, until ``held``."""
        deadline = time.monotonic() + 60
        while not held():
            assert time.monotonic() < deadline
            self.watchers.look()
            time.sleep(0.02)

    def state(self, camera: str) -> CameraState | None:
        status = self.place.cameras.status(camera)
        return None if status is None else status.state

    def alerts(self, state: AlertState | None = None) -> list[str]:
        every = self.place.alert_log.alerts(AlertFilter())
        return sorted(alert.camera for alert in every if state in (None, alert.state))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.watchers.stop("the test is over")


def test_a_camera_and_a_rule_are_heeded_without_a_restart(world: World) -> None:
    world.place.cameras.add(GATE)
    world.until(lambda: world.state("gate") is CameraState.ONLINE)
    assert world.alerts() == []
    world.place.rules.add(RULE)
    world.until(lambda: world.alerts(AlertState.OPEN) == ["gate"])
    world.place.cameras.add(DOOR)
    world.until(lambda: world.alerts(AlertState.OPEN) == ["door", "gate"])
    world.place.rules.change(replace(RULE, enabled=False))
    world.until(lambda: world.alerts(AlertState.ENDED) == ["door", "gate"])


def test_a_camera_that_is_switched_off_is_let_go_and_watched_again_later(world: World) -> None:
    world.place.rules.add(RULE)
    world.place.cameras.add(GATE)
    world.until(lambda: world.alerts(AlertState.OPEN) == ["gate"])
    world.place.cameras.change(replace(GATE, enabled=False))
    world.until(lambda: world.state("gate") is CameraState.OFF)
    assert world.alerts(AlertState.ENDED) == ["gate"]
    world.place.cameras.change(GATE)
    world.until(lambda: world.state("gate") is CameraState.ONLINE)
    [gap] = [gap for gap in world.place.cameras.gaps("gate", NOW, NOW + timedelta(days=9999)) if gap.end is not None]
    assert gap.cause == "the camera was switched off"


def test_another_address_is_gone_to_at_once_and_another_name_or_time_of_keeping_disturbs_nobody(world: World) -> None:
    world.place.cameras.add(GATE)
    world.until(lambda: world.state("gate") is CameraState.ONLINE)
    world.place.cameras.change(replace(GATE, name="The gate", keep=timedelta(days=7)))
    for _ in range(5):
        world.watchers.look()
    assert len(world.cameras.opened) == 1
    elsewhere = replace(GATE, url=StreamUrl("rtsp://10.0.0.9/"))
    world.place.cameras.change(elsewhere)
    world.until(lambda: len(world.cameras.opened) == 2)
    assert world.cameras.opened[-1].url == elsewhere.url


def test_a_rule_for_every_camera_is_for_those_that_its_owner_reaches(world: World) -> None:
    key, _ = world.place.keys.create("yard", Role.OPERATOR, Scope(tags=frozenset({"yard"})))
    world.place.rules.add(replace(RULE, owner=key.id))
    for camera in (GATE, DOOR):
        world.place.cameras.add(camera)
    world.until(world.alerts)
    world.until(lambda: world.state("door") is CameraState.ONLINE)
    for _ in range(20):
        world.watchers.look()
        time.sleep(0.01)
    assert world.alerts() == ["gate"]


@pytest.mark.parametrize("left", ["nothing", "footage", "an alert", "a notice", "a folder"])
def test_what_is_left_of_a_camera_is_not_taken_over_by_one_of_its_name(left: str, tmp_path: Path) -> None:
    place = House(Settings(data_dir=tmp_path))
    match left:
        case "footage":
            place.archive.add(under_way(str(tmp_path / "x.mp4"), "Gate", NOW, NOW, None))
        case "an alert":
            place.alert_log.write([AlertChange(NoticeKind.ALERT_NEW, replace(LEFT, camera="Gate"))])
        case "a notice":
            place.cameras.add(replace(GATE, id="Gate"))
            place.alert_log.write([CameraStatus("Gate", CameraState.OFFLINE, NOW, "10.0.0.7 refuses")])
            place.cameras.remove("Gate")
        case "a folder":
            (tmp_path / "cameras" / "Gate").mkdir(parents=True)
    added = place.setting_up.add_camera(CameraWishes("Gate", GATE.url), Caller("", "local", Role.ADMIN))
    assert (added.id == "Gate") == (left == "nothing")


def test_what_was_left_open_ends_where_nobody_watches_any_more(world: World) -> None:
    place = world.place
    for camera in (replace(GATE, enabled=False), DOOR):
        place.cameras.add(camera)
        status = CameraStatus(camera.id, CameraState.ONLINE, NOW, last_frame_at=NOW + SECOND, recording="r")
        place.alert_log.write(
            [status, AlertChange(NoticeKind.ALERT_NEW, replace(LEFT, id=camera.id, camera=camera.id))]
        )
    place.cameras.remove("door")
    for _ in range(3):
        world.watchers.look()
    told = [(notice.kind, notice.status, notice.alert) for notice in place.alert_log.notices(4)]
    # That of the door ends when it is removed.
    kinds = [NoticeKind.ALERT_END, NoticeKind.CAMERA_STATUS]
    assert [kind for kind, *_ in told] == [*kinds, *kinds]
    assert world.alerts(AlertState.ENDED) == ["door", "gate"]
    assert {alert.end for _, _, alert in told if alert} == {NOW + SECOND}
    gate = place.cameras.status("gate")
    assert gate is not None
    assert (gate.state, gate.problem, gate.recording) == (CameraState.OFF, "the camera was switched off", "")
    assert place.cameras.status("door") is None


def test_footage_that_is_known_by_another_path_is_not_taken_up_again(tmp_path: Path) -> None:
    folder = tmp_path / "before" / "cameras" / "gate"
    folder.mkdir(parents=True)
    file = folder / "20261121T115900.000000Z.mp4"
    file.write_bytes(b"no footage")
    known = replace(under_way(str(file), "gate", NOW, NOW, GATE), state=RecordingState.INDEXED)
    House(Settings(data_dir=tmp_path / "before")).archive.add(known)
    (tmp_path / "before").rename(tmp_path / "now")
    (tmp_path / "linked").symlink_to(tmp_path / "now")
    for name in ("now", "linked"):
        world = World(tmp_path / name)
        world.watchers.look()
        assert [each.id for each in world.place.archive.recordings()] == [known.id]
        world.watchers.stop("the test is over")


@pytest.mark.parametrize("enabled", [True, False])
def test_what_rules_were_looked_for_before_a_kill_is_not_known(world: World, enabled: bool) -> None:
    place, file = world.place, world.place.folder / "left.mp4"
    file.write_bytes(b"no footage")
    place.cameras.add(replace(GATE, enabled=enabled))
    theirs, _ = place.keys.create("theirs", Role.OPERATOR, Scope(tags=frozenset({"attic"})))
    place.rules.add(RULE)
    place.rules.add(replace(RULE, id="theirs", name="theirs", owner=theirs.id))
    began = NOW + timedelta(minutes=1)
    left = place.archive.add(replace(under_way(str(file), "gate", began, NOW, GATE), length=90 * SECOND))

    def told() -> Coverage | None:
        return place.archive.coverage(left.id, AnalysisKind.RULES)

    world.until(lambda: told() is not None)
    killed = CoveredSpan(Span(0 * SECOND, 90 * SECOND), CoverageState.DROPPED, cause=f"<white>: {KILLED}")
    assert told() == Coverage(90 * SECOND, (killed,))


def test_footage_of_which_no_recording_is_known_is_taken_up(world: World) -> None:
    folder = world.place.folder / "cameras" / "gate"
    folder.mkdir(parents=True)
    (folder / "20261121T115900.000000Z.mp4").touch()
    (folder / "a note.mp4").write_bytes(b"somebody's own")
    world.watchers.look()
    found = {
        (each.camera, each.started_at)
        for each in world.place.archive.page(RecordingFilter(state=RecordingState.RECORDING))
    }
    # There is nothing in it, so that it is forgotten soon.
    assert found <= {("gate", NOW - timedelta(minutes=1))}
    world.until(lambda: not world.place.archive.page(RecordingFilter()))
    assert [path.name for path in folder.iterdir()] == ["a note.mp4"]
