"""Cameras that play what a test has written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from videoqa.cameras import Camera, CameraState, ClockSource
from videoqa.errors import DiskFull
from videoqa.media import ZERO, Frame, Picture
from videoqa.ports import LiveFrame, LiveItem, Lost, RolledOver, Tuned


@dataclass(frozen=True, slots=True)
class Scene:
    """What a camera sends in one session: ``pictures`` one after the other, each a period of the camera.

    A recording is over once it lasts ``roll``; behind the last picture the camera is lost as ``state`` and ``problem``
    say. One without pictures is lost at once. An ``endless`` one begins anew instead.
    """

    started_at: datetime
    pictures: Sequence[Picture] = ()
    roll: timedelta = timedelta(minutes=10)
    state: CameraState = CameraState.OFFLINE
    problem: str = "the camera ended the connection"
    endless: bool = False


class ScriptedCameras:
    """Implements ``LiveSource``: the sessions of a camera are its ``scenes`` in turn, then nobody answers.

    They play as fast as they are taken. A recording's file holds a byte for each picture.
    """

    def __init__(self, scenes: Mapping[str, Sequence[Scene]]) -> None:
        self._scenes = {camera: list(each) for camera, each in scenes.items()}

    @contextmanager
    def session(
        self, camera: Camera, path_of: Callable[[datetime], str], stop: Callable[[], bool]
    ) -> Iterator[Iterator[LiveItem]]:
        coming = self._scenes.get(camera.id)
        scene = coming.pop(0) if coming else None
        items = _nothing() if scene is None else _items(scene, camera, path_of, stop)
        yield items


def _nothing() -> Iterator[LiveItem]:
    yield Lost(CameraState.OFFLINE, "nobody answers at its address and port", datetime.now().astimezone())


def _items(
    scene: Scene, camera: Camera, path_of: Callable[[datetime], str], stop: Callable[[], bool]
) -> Iterator[LiveItem]:
    if not scene.pictures:
        yield Lost(scene.state, scene.problem, scene.started_at)
        return
    started_at, clock = scene.started_at, ClockSource.RTCP
    path = _begun(path_of, started_at)
    yield Tuned(scene.pictures[0].width, scene.pictures[0].height, "h264", started_at, clock, path is not None)
    length, state, problem = ZERO, scene.state, scene.problem
    number = 0
    while number < len(scene.pictures) or scene.endless:
        if stop():
            state, problem = CameraState.OFF, ""
            break
        if length >= scene.roll:
            started_at += length
            old, path = path, _begun(path_of, started_at)
            yield RolledOver("" if old is None else str(old), length, started_at, clock, path is not None)
            length = ZERO
        if path is not None:
            with path.open("ab") as file:
                file.write(b"\0")
        yield LiveFrame(Frame(length, scene.pictures[number % len(scene.pictures)]), started_at + length)
        length += camera.period
        number += 1
    yield Lost(state, problem, started_at + length, length)


def _begun(path_of: Callable[[datetime], str], started_at: datetime) -> Path | None:
    """The file of a recording that begins; None where the disk is full."""
    try:
        path = Path(path_of(started_at))
    except DiskFull:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path
