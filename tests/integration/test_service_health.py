"""How the parts of a service are told, from the real ones."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.scripted_model import Said, ScriptedModel
from videoqa.bootstrap import House
from videoqa.bootstrap.live import LiveProcess
from videoqa.bootstrap.parts import Parts
from videoqa.bootstrap.worker import WorkerProcess, WorkerState
from videoqa.cameras import Camera, CameraState, CameraStatus, StreamUrl
from videoqa.health import Check, State
from videoqa.settings import Settings


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def parts(folder: Path, worker: WorkerProcess | None = None, reserve: int = 0, **settings: str) -> Parts:
    told = {"VIDEOQA_DATA_DIR": str(folder)} | {f"VIDEOQA_{name}": value for name, value in settings.items()}
    return Parts(House(Settings.read(told)), worker or WorkerProcess(), reserve, LiveProcess())


def named(looked: Parts) -> dict[str, Check]:
    return {check.name: check for check in looked.checks()}


def test_a_part_that_does_not_answer_is_told_so_and_not_waited_for(tmp_path: Path, silent: str) -> None:
    looked = parts(tmp_path, MODEL_URL=silent)
    looked.figures()  # opens the databases
    begun = time.monotonic()
    found = named(looked)
    assert time.monotonic() - begun < 10
    assert found["model"].state is State.DEGRADED
    assert "2 s" in found["model"].detail
    assert found["database"].state is State.UP
    assert found["queue"].state is State.UP
    assert found["speech"].state is State.OFF


def test_a_model_that_answers_is_up(tmp_path: Path) -> None:
    with ScriptedModel([Said("yes")]) as scripted:
        looked = parts(tmp_path, MODEL_URL=scripted.url)
        assert named(looked)["model"].state is State.UP


def test_a_worker_that_is_gone_brings_the_service_down(tmp_path: Path) -> None:
    worker = WorkerProcess()
    looked = parts(tmp_path, worker)
    assert named(looked)["worker"].state is State.DEGRADED
    for state, told in (
        (WorkerState.WORKING, State.UP),
        (WorkerState.WAITING, State.UP),
        (WorkerState.DOWN, State.DOWN),
    ):
        worker.state = state
        assert named(looked)["worker"].state is told
    assert looked.figures().worker_up is False


def test_cameras_are_told_as_they_are(tmp_path: Path) -> None:
    watching = LiveProcess()
    place = House(Settings(data_dir=tmp_path))
    looked = Parts(place, WorkerProcess(), 0, watching)
    assert named(looked)["cameras"].state is State.OFF
    now = datetime.now(UTC)
    for name, state in (("gate", CameraState.ONLINE), ("door", CameraState.AUTH_FAILED)):
        place.cameras.add(Camera(name, name, StreamUrl(f"rtsp://me:secret@10.0.0.7/{name}"), now))
        place.alert_log.write([CameraStatus(name, state, now, dropped=3)])
    assert named(looked)["cameras"].state is State.DEGRADED
    watching.hear({"state": "watching"})
    check = named(looked)["cameras"]
    assert (check.state, check.detail) == (State.DEGRADED, "1 of 2 online; door is auth failed")
    figures = looked.figures()
    assert (figures.live_up, figures.dropped_frames, figures.cameras["auth failed"]) == (True, 6, 1)
    watching.gone()
    assert named(looked)["cameras"].state is State.DOWN
    place.cameras.remove("door")
    watching.hear({"state": "waiting"})
    assert named(looked)["cameras"].state is State.UP
    place.cameras.touch(CameraStatus("gate", CameraState.ONLINE, now, problem="the disk is full"))
    check = named(looked)["cameras"]
    assert (check.state, check.detail) == (State.DEGRADED, "1 of 1 online; gate: the disk is full")


def test_a_disk_that_has_less_than_is_to_be_left_takes_nothing(tmp_path: Path) -> None:
    disk = named(parts(tmp_path, reserve=2**62))["disk"]
    assert disk.state is State.DOWN
    assert "remove recordings" in disk.remedy
