"""MJPEG, HLS and files are watched and recorded like any camera, by the child that reads them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from ingest.camera.addresses import camera_policy
from ingest.camera.session import SandboxedCameras
from ingest.camera.sources import Sources
from tests.casting import Cast, jpegs, mjpeg, segments_of
from tests.needs import ROOT
from tests.rtsp.film import shot_anew
from tests.web import Connection, serving
from videoqa.cameras import Camera, CameraState, StreamUrl
from videoqa.ports import LiveFrame, LiveItem, Lost, Tuned

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    shot_anew(ROOT / "samples" / "yard.mp4", path, seconds=4, size=(160, 96), gop=5)
    return path


def watched(url: str, recording: Path, enough: Callable[[list[LiveItem]], bool]) -> list[LiveItem]:
    """What comes of a camera until it is ``enough``, or the camera's end."""
    camera = Camera("gate", "gate", StreamUrl(url), NOW, period=timedelta(milliseconds=250))
    came = list[LiveItem]()
    source = SandboxedCameras(Sources(camera_policy(private=True)))
    with source.session(camera, lambda _: str(recording), lambda: enough(came)) as items:
        came.extend(items)
    return came


def recorded(path: Path) -> float:
    """Seconds of what decodes in a recording."""
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    return float(times[-1] - times[0])


def looks(came: list[LiveItem]) -> int:
    return sum(isinstance(item, LiveFrame) for item in came)


def test_mjpeg_over_http_is_watched(tmp_path: Path) -> None:
    path = tmp_path / "gate.mp4"
    with serving(mjpeg(jpegs(8), every=0.1)) as port:
        came = watched(f"http://127.0.0.1:{port}/video.mjpg", path, lambda so_far: looks(so_far) >= 6)
    assert isinstance(came[0], Tuned), came[0]
    assert (came[0].codec, came[0].width, came[0].height) == ("mjpeg", 160, 96)
    assert isinstance(came[-1], Lost)
    assert came[-1].state is CameraState.OFF
    assert recorded(path) > 0.8


@pytest.mark.parametrize("kind", ["ts", "m4s"])
def test_hls_is_watched_at_its_own_pace_until_it_ends(kind: str, clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "gate.mp4"
    cast = Cast(*segments_of(clip, tmp_path / "parts", kind))
    with serving(cast) as port:
        came = watched(f"http://127.0.0.1:{port}/main.m3u8", path, lambda _: False)
    assert isinstance(came[0], Tuned), came[0]
    assert came[0].codec == "h264"
    assert isinstance(came[-1], Lost)
    assert looks(came) >= 4
    assert recorded(path) > 2


def test_a_file_is_watched_in_real_time_until_it_ends(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "gate.mp4"
    came = watched(f"file:{clip}", path, lambda _: False)
    frames = [item for item in came if isinstance(item, LiveFrame)]
    assert len(frames) >= 8
    assert frames[-1].taken_at - frames[0].taken_at > timedelta(seconds=2)
    assert isinstance(came[-1], Lost)
    assert recorded(path) > 3


def test_a_camera_that_sends_something_else_is_told_so(tmp_path: Path) -> None:
    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n")
        connection.send(b"--frame\r\nContent-Type: image/jpeg\r\n\r\nno picture\r\n" * 50)

    with serving(handle) as port:
        came = watched(f"http://127.0.0.1:{port}/video.mjpg", tmp_path / "gate.mp4", lambda _: False)
    assert len(came) == 1
    assert isinstance(came[0], Lost)
    assert came[0].state in (CameraState.BAD_CODEC, CameraState.OFFLINE, CameraState.STALLED)
    assert came[0].problem
