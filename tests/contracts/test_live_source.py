"""What every source of cameras does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.camera.addresses import camera_policy
from ingest.camera.session import LiveSettings, SandboxedCameras
from ingest.camera.sources import Sources
from tests.needs import ROOT
from tests.rtsp.film import film, shot_anew
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer
from videoqa.cameras import Camera, CameraState, StreamUrl
from videoqa.errors import DiskFull
from videoqa.media import ZERO, Picture
from videoqa.ports import LiveFrame, LiveItem, LiveSource, Lost, RolledOver, Tuned
from videoqa.testing.live import Scene, ScriptedCameras

PERIOD = timedelta(milliseconds=500)
ROLL = timedelta(seconds=2)
PICTURE = Picture(32, 32, bytes(32 * 32 * 3))
NOW = datetime.now(UTC)


def camera(name: str, url: str) -> Camera:
    return Camera(name, name, StreamUrl(url), NOW, period=PERIOD)


@dataclass(frozen=True)
class World:
    """``short`` plays for five seconds, ``endless`` until it is left; nobody answers at ``absent``."""

    source: LiveSource
    short: Camera
    endless: Camera
    absent: Camera


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "yard.mp4"
    shot_anew(ROOT / "samples" / "yard.mp4", path, seconds=5, size=(320, 192), rate=10, gop=10)
    return path


@pytest.fixture(params=["scripted", "sandboxed"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    absent = camera("absent", "rtsp://127.0.0.1:9/nothing")
    if request.param == "scripted":
        scenes = {
            "short": [Scene(NOW, [PICTURE] * 10, ROLL, problem="the file has ended")],
            "endless": [Scene(NOW, [PICTURE], ROLL, endless=True)],
        }
        url = "rtsp://10.0.0.7/"
        yield World(ScriptedCameras(scenes), camera("short", url), camera("endless", url), absent)
        return
    clip = request.getfixturevalue("clip")

    source = SandboxedCameras(Sources(camera_policy(private=True)), LiveSettings(roll=ROLL))
    with RtspServer({"endless": Channel(film(clip))}) as server:
        yield World(source, camera("short", f"file:{clip}"), camera("endless", server.url("endless")), absent)


@dataclass
class Shelf:
    """Names the files of recordings, and remembers for when."""

    folder: Path
    asked: dict[datetime, str] = field(default_factory=dict)

    def path_of(self, started_at: datetime) -> str:
        return self.asked.setdefault(started_at, str(self.folder / f"{len(self.asked)}.mp4"))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def played(
    source: LiveSource, camera: Camera, shelf: Shelf, stop: Callable[[], bool] = lambda: False
) -> list[LiveItem]:
    with source.session(camera, shelf.path_of, stop) as items:
        return list(items)


def test_a_session_begins_tuned_and_ends_lost(world: World, shelf: Shelf) -> None:
    items = played(world.source, world.short, shelf)
    assert [isinstance(item, Tuned) for item in items] == [True, *[False] * (len(items) - 1)]
    assert [isinstance(item, Lost) for item in items] == [*[False] * (len(items) - 1), True]
    lost = items[-1]
    assert isinstance(lost, Lost)
    assert (lost.state, lost.problem) == (CameraState.OFFLINE, "the file has ended")
    assert lost.length is not None


def test_frames_follow_one_another_on_the_time_line_of_their_recording(world: World, shelf: Shelf) -> None:
    started_at, last, count = datetime.min.replace(tzinfo=UTC), -PERIOD, 0
    for item in played(world.source, world.short, shelf):
        match item:
            case Tuned() | RolledOver():
                started_at, last = item.started_at, -PERIOD
            case LiveFrame(frame, taken_at):
                count += 1
                assert frame.pts >= ZERO
                assert frame.pts > last
                assert taken_at == started_at + frame.pts
                last = frame.pts
    assert 5 <= count <= 10


def test_recordings_follow_one_another_without_a_gap(world: World, shelf: Shelf) -> None:
    items = played(world.source, world.short, shelf)
    begins = [item.started_at for item in items if isinstance(item, Tuned | RolledOver)]
    rolled = [item for item in items if isinstance(item, RolledOver)]
    assert len(rolled) == 2
    for began, item in zip(begins, rolled, strict=False):
        assert item.started_at == began + item.length
        assert item.length >= ROLL
        assert item.path == shelf.asked[began]
    assert list(shelf.asked) == begins
    assert all(Path(path).stat().st_size for path in shelf.asked.values())
    lost = items[-1]
    assert isinstance(lost, Lost)
    assert lost.length is not None
    total = begins[-1] + lost.length - begins[0]
    assert timedelta(seconds=4.8) <= total <= timedelta(seconds=5.2)


def test_where_nobody_answers_there_is_no_session(world: World, shelf: Shelf) -> None:
    (item,) = played(world.source, world.absent, shelf)
    assert isinstance(item, Lost)
    assert item.state is CameraState.OFFLINE
    assert item.problem
    assert item.length is None
    assert not shelf.asked


def test_whoever_stops_it_is_told_that_it_is_off(world: World, shelf: Shelf) -> None:
    stopped = threading.Event()
    items = []
    with world.source.session(world.endless, shelf.path_of, stopped.is_set) as coming:
        for item in coming:
            items.append(item)
            if isinstance(item, LiveFrame):
                stopped.set()
    lost = items[-1]
    assert isinstance(lost, Lost)
    assert (lost.state, lost.problem) == (CameraState.OFF, "")
    assert lost.length is not None
    assert any(isinstance(item, LiveFrame) for item in items)


def test_leaving_it_in_the_middle_ends_it_and_what_was_recorded_stays(world: World, shelf: Shelf) -> None:
    with world.source.session(world.endless, shelf.path_of, lambda: False) as coming:
        for item in coming:
            if isinstance(item, LiveFrame) and item.frame.pts > PERIOD:
                break
    (path,) = shelf.asked.values()
    size = Path(path).stat().st_size
    assert size
    assert Path(path).stat().st_size == size


def test_while_the_disk_is_full_it_is_looked_at_and_not_recorded(world: World, shelf: Shelf) -> None:
    full = [True]

    def path_of(started_at: datetime) -> str:
        if full:
            full.pop()
            raise DiskFull(path=shelf.folder)
        return shelf.path_of(started_at)

    with world.source.session(world.short, path_of, lambda: False) as items:
        tuned, *others = items
    assert isinstance(tuned, Tuned)
    assert not tuned.kept
    over = [each for each in others if isinstance(each, RolledOver)]
    assert [(bool(each.path), each.kept) for each in over] == [(False, True), (True, True)]
    assert isinstance(others[0], LiveFrame)
    assert sorted(map(str, shelf.folder.iterdir())) == sorted(shelf.asked.values())
    assert list(shelf.asked) == [each.started_at for each in over]
