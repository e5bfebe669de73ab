"""A child that was taken over costs its session, and no more than that."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.camera.feed import Feed
from ingest.camera.file import ROOM_EVERY
from ingest.camera.process import Process
from ingest.camera.session import LiveSettings, SandboxedCameras
from ingest.camera.wire import Alive, Begun, Bytes, Look, Message, Order, Rolled
from ingest.offspring import Offspring
from videoqa.cameras import Camera, CameraState, ClockSource, StreamUrl
from videoqa.errors import DiskFull
from videoqa.media import Picture
from videoqa.ports.live import LiveFrame, LiveItem, Lost, RolledOver, Tuned

SECOND = timedelta(seconds=1)
CAMERA = Camera("gate", "Gate", StreamUrl("rtsp://10.0.0.7/"), datetime.now(UTC))
PICTURE = Picture(32, 32, bytes(3 * 32 * 32))


class Nowhere:
    @contextmanager
    def opened(self, url: StreamUrl) -> Iterator[Feed]:
        yield Feed("rtsp", "rtsp://127.0.0.1:9/")


def said_by(liar: Callable[[], Iterator[Message]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has every child say what ``liar`` does, in place of what it was told to find out; what it is told later on."""
    told: list[str] = []

    class Taken(Process):
        def __init__(self, order: Order, ahead: Offspring | None = None) -> None:
            self.ending = False

        def messages(self, stall: float) -> Iterator[Message]:
            return liar()

        def end(self) -> None:
            self.ending = True

        def roll(self) -> None:
            told.append("roll")

        def kill(self) -> None:
            self.ending = True

        def __exit__(self, *_: object) -> None:
            self.ending = True

    monkeypatch.setattr("ingest.camera.session.Process", Taken)
    return told


class Disk:
    """Names files, but for those that there is no room for; ``room`` says of each in turn whether there is."""

    def __init__(self, folder: Path, *room: bool) -> None:
        self._folder = folder
        self._room = iter(room)
        self._number = 0

    def path_of(self, started_at: datetime) -> str:
        if not next(self._room):
            raise DiskFull(path=self._folder)
        self._number += 1
        return str(self._folder / f"{self._number}.mp4")


def now() -> int:
    return time.time_ns() // 1000


def begun() -> Begun:
    return Begun(640, 480, "h264", now(), ClockSource.ARRIVAL)


def session(folder: Path, settings: LiveSettings, idle: Callable[[], object] = lambda: None) -> list[LiveItem]:
    names = iter(range(10**6))
    with SandboxedCameras(Nowhere(), settings).session(
        CAMERA, lambda _: str(folder / f"{next(names)}.mp4"), lambda: False
    ) as items:
        idle()
        return list(items)


def rolling(seconds: float, ended: threading.Event | None = None) -> Callable[[], Iterator[Message]]:
    def liar() -> Iterator[Message]:
        try:
            yield begun()
            while True:
                yield Bytes(0, b"footage")
                yield Rolled(round(seconds * 1e6), now() - 60_000_000, ClockSource.ARRIVAL)
        finally:
            if ended is not None:
                ended.set()

    return liar


@pytest.mark.parametrize(
    ("roll", "claimed", "most"),
    [(600 * SECOND, 59, 1), (600 * SECOND, 60, 4), (2 * SECOND, 0.9, 1), (SECOND / 2, 0.4, 1)],
)
def test_recordings_that_end_too_soon_end_the_session(
    roll: timedelta, claimed: float, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_by(rolling(claimed), monkeypatch)
    *_, lost = session(tmp_path, LiveSettings(roll=roll))
    assert isinstance(lost, Lost)
    assert lost.state is CameraState.OFFLINE
    assert "too soon" in lost.problem
    assert len(list(tmp_path.iterdir())) <= most


def test_recordings_that_nobody_asks_for_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    said_by(rolling(1, ended), monkeypatch)
    *items, lost = session(tmp_path, LiveSettings(roll=SECOND), lambda: ended.wait(20))
    assert len(items) == 64
    assert isinstance(lost, Lost)
    assert "nobody takes" in lost.problem


@pytest.mark.parametrize(("size", "shown"), [((768, 32), 1), ((800, 32), 0), ((32, 769), 0)])
def test_pictures_are_no_larger_than_was_asked_for(
    size: tuple[int, int], shown: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def liar() -> Iterator[Message]:
        yield begun()
        yield Look(0, Picture(*size, bytes(3 * size[0] * size[1])))

    said_by(liar, monkeypatch)
    items = session(tmp_path, LiveSettings())
    assert len([item for item in items if isinstance(item, LiveFrame)]) == shown
    assert isinstance(items[-1], Lost)
    assert ("not asked" in items[-1].problem) == (not shown)


def test_a_disk_that_fills_up_ends_the_recording_and_not_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def child() -> Iterator[Message]:
        yield begun()
        yield Bytes(500_000, b"begins")
        yield Bytes(800_000, bytes(ROOM_EVERY))  # finds the disk full
        yield Look(400_000, PICTURE)
        yield Look(1_500_000, PICTURE)
        yield Rolled(20_500_000, now() - 60_000_000, ClockSource.ARRIVAL)
        yield Bytes(0, b"not kept")
        yield Rolled(1_000_000, now(), ClockSource.ARRIVAL)
        yield Bytes(0, b"goes on")
        yield Rolled(700_000, now(), ClockSource.ARRIVAL)  # that was not asked for

    told = said_by(child, monkeypatch)
    disk = Disk(tmp_path, True, False, True)
    full = LiveSettings(reserve=2**62, room=0 * SECOND)
    with SandboxedCameras(Nowhere(), full).session(CAMERA, disk.path_of, lambda: False) as items:
        tuned, *between, lost = items
    assert isinstance(tuned, Tuned)
    ended, behind, next_look, *overs = between
    assert ended == RolledOver(
        str(tmp_path / "1.mp4"), SECOND / 2, tuned.started_at + SECOND / 2, ClockSource.ARRIVAL, kept=False
    )
    assert (tmp_path / "1.mp4").read_bytes() == b"begins"
    looks = [each for each in (behind, next_look) if isinstance(each, LiveFrame)]
    assert [look.frame.pts for look in looks] == [0 * SECOND, SECOND]
    assert [look.taken_at - tuned.started_at for look in looks] == [0.4 * SECOND, 1.5 * SECOND]
    assert [(each.path, each.length, each.kept) for each in overs if isinstance(each, RolledOver)] == [
        ("", 20 * SECOND, False),
        ("", SECOND, True),
    ]
    assert isinstance(lost, Lost)
    assert "too soon" in lost.problem
    assert (tmp_path / "2.mp4").read_bytes() == b"goes on"
    assert told == ["roll", "roll"]


def failing(monkeypatch: pytest.MonkeyPatch, problem: int) -> None:
    def pwrite(*_: object) -> int:
        raise OSError(problem, os.strerror(problem))

    monkeypatch.setattr("ingest.camera.file.os.pwrite", pwrite)


def test_a_disk_that_takes_nothing_costs_one_file_until_it_is_looked_for_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def child() -> Iterator[Message]:
        yield begun()
        for _ in range(50):
            yield Bytes(500_000, b"footage")
            yield Rolled(60_000_000, now() - 60_000_000, ClockSource.ARRIVAL)

    told = said_by(child, monkeypatch)
    failing(monkeypatch, errno.ENOSPC)
    items = session(tmp_path, LiveSettings(room=3600 * SECOND))
    overs = [each for each in items if isinstance(each, RolledOver)]
    assert (overs[0].path, overs[0].length) == (str(tmp_path / "0.mp4"), 0 * SECOND)
    assert (overs[1].path, overs[1].length) == ("", 60 * SECOND)
    assert not any(each.kept for each in overs)
    assert ([each.name for each in tmp_path.iterdir()], told) == (["0.mp4"], [])


def test_a_disk_that_fails_ends_the_session_with_its_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def child() -> Iterator[Message]:
        yield begun()
        yield Bytes(500_000, b"footage")
        yield Alive(700_000)
        failing(monkeypatch, errno.EIO)
        yield Bytes(900_000, b"more of it")
        yield Rolled(1_000_000, now(), ClockSource.ARRIVAL)

    said_by(child, monkeypatch)
    *_, lost = session(tmp_path, LiveSettings())
    assert isinstance(lost, Lost)
    assert (lost.state, lost.length) == (CameraState.OFFLINE, SECOND / 2)
    assert os.strerror(errno.EIO) in lost.problem
