"""Whatever a line makes of what a camera sends, it costs a session at most, and what came before it plays."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from ingest.camera.addresses import camera_policy
from ingest.camera.session import LiveSettings, SandboxedCameras
from ingest.camera.sources import Sources
from tests.needs import ROOT
from tests.rtsp.faulty_line import FaultyLine
from tests.rtsp.film import Film, shot_anew
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer
from videoqa.cameras import Camera, CameraState, StreamUrl
from videoqa.ports import LiveFrame, LiveItem, Lost, RolledOver, Tuned

NOW = datetime.now(UTC)
SOURCE = SandboxedCameras(
    Sources(camera_policy(private=True)), LiveSettings(stall=timedelta(seconds=3), roll=timedelta(seconds=1))
)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Film:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return shot_anew(ROOT / "samples" / "yard.mp4", path, seconds=2, size=(160, 96), gop=5)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(60 if metafunc.config.getoption("--soak") else 2))


def session(line: FaultyLine, folder: Path, each: Callable[[LiveItem, list[LiveItem]], bool]) -> list[LiveItem]:
    """One session; ``each`` is told what comes, and whether that is enough."""
    camera = Camera("gate", "gate", StreamUrl(line.url("gate")), NOW, period=timedelta(milliseconds=200))
    came, enough = list[LiveItem](), threading.Event()
    with SOURCE.session(camera, lambda at: str(folder / f"{at.timestamp()}.mp4"), enough.is_set) as items:
        for item in items:
            came.append(item)
            if each(item, came):
                enough.set()
    return came


def pictures(path: Path) -> int:
    """How many pictures of a recording decode, whatever the others do."""
    count = 0
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            try:
                count += len(packet.decode())
            except av.error.InvalidDataError:
                continue
    return count


def test_other_bytes_than_were_sent_cost_a_session_at_most(seed: int, shown: Film, tmp_path: Path) -> None:
    held = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  their number is enough
    with RtspServer({"gate": Channel(shown, speed=1)}) as server, FaultyLine(server.port, seed=seed) as line:

        def worse(_: LiveItem, came: list[LiveItem]) -> bool:
            frames = sum(isinstance(item, LiveFrame) for item in came)
            line.garbled = 0.3 if frames >= 3 else 0.0
            return frames >= 10

        came = session(line, tmp_path, worse)
    assert isinstance(came[0], Tuned)
    assert isinstance(came[-1], Lost)
    assert all(isinstance(item, LiveFrame | RolledOver) for item in came[1:-1])
    recordings = sorted(tmp_path.iterdir())
    assert recordings
    assert pictures(recordings[0])
    assert len(os.listdir("/proc/self/fd")) <= held + 1  # noqa: PTH208


def test_what_comes_late_comes(shown: Film, tmp_path: Path) -> None:
    with RtspServer({"gate": Channel(shown)}) as server, FaultyLine(server.port) as line:
        line.delay = 0.05
        came = session(line, tmp_path, lambda _, so_far: sum(isinstance(each, LiveFrame) for each in so_far) >= 5)
    assert isinstance(came[-1], Lost)
    assert came[-1].state is CameraState.OFF


def test_a_line_that_goes_on_before_it_counts_as_dead_costs_nothing(shown: Film, tmp_path: Path) -> None:
    with RtspServer({"gate": Channel(shown)}) as server, FaultyLine(server.port) as line:
        held = threading.Timer(1.0, line.start)

        def hold(item: LiveItem, came: list[LiveItem]) -> bool:
            frames = sum(isinstance(each, LiveFrame) for each in came)
            if frames == 3 and isinstance(item, LiveFrame):
                line.stall()
                held.start()
            return frames >= 12

        came = session(line, tmp_path, hold)
        held.join()
    assert isinstance(came[-1], Lost)
    assert came[-1].state is CameraState.OFF


def test_a_line_that_stays_silent_is_a_stalled_camera(shown: Film, tmp_path: Path) -> None:
    with RtspServer({"gate": Channel(shown)}) as server, FaultyLine(server.port) as line:

        def silence(item: LiveItem, _: list[LiveItem]) -> bool:
            if isinstance(item, LiveFrame):
                line.stall()
            return False

        came = session(line, tmp_path, silence)
        line.start()
    assert isinstance(came[-1], Lost)
    assert came[-1].state is CameraState.STALLED
