"""The spool keeps what was added before its last checkpoint, through kills and full disks."""

from __future__ import annotations

import errno
import shutil
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.spool import RESERVE, DiskSpool
from videoqa.errors import DiskFull
from videoqa.media import Frame, Picture, Span
from videoqa.ports import Checkpoint, Sampled, Unread

ROOM = 1 << 30


def second(number: float) -> timedelta:
    return timedelta(seconds=number)


def kept(number: float, *, checkpoint: bool = False, shade: int = 90) -> Sampled:
    picture = Picture(64, 32, bytes([shade]) * (64 * 32 * 3))
    there = Checkpoint(second(number), f"learnt by {number}".encode()) if checkpoint else None
    return Sampled(second(number), Frame(second(number), picture), there)


@pytest.fixture
def spool(tmp_path: Path) -> DiskSpool:
    return DiskSpool(tmp_path / "spool", ROOM)


def test_a_new_analysis_begins_at_zero(spool: DiskSpool) -> None:
    assert spool.resume_at("new") is None
    assert not spool.is_finished("new")


def test_what_was_added_is_told_apart_and_in_order(spool: DiskSpool) -> None:
    for item in (kept(0, checkpoint=True), Sampled(second(1), None), kept(2)):
        spool.add("a", item)
    spool.add("a", Unread(Span(second(3), second(5)), "packets are missing", failed=False))
    spool.finish("a")
    seen = spool.surveyed("a")
    assert seen.kept == (second(0), second(2))
    assert seen.static == (second(1),)
    assert seen.unread == (Unread(Span(second(3), second(5)), "packets are missing", failed=False),)
    assert seen.size == (64, 32)
    assert spool.is_finished("a")


def test_a_picture_is_read_back_as_it_was_kept(spool: DiskSpool) -> None:
    spool.add("a", kept(0, checkpoint=True, shade=10))
    spool.add("a", kept(1, shade=200))
    spool.finish("a")
    pictures = spool.pictures("a")
    shades = [
        cv2.imdecode(np.frombuffer(pictures.jpeg(second(at)), np.uint8), cv2.IMREAD_COLOR).mean() for at in (0, 1)
    ]
    assert shades == pytest.approx([10, 200], abs=2)


@pytest.mark.parametrize("torn", [0, 1, 7, 30])
def test_a_kill_forgets_what_came_after_the_last_checkpoint_and_nothing_else(tmp_path: Path, torn: int) -> None:
    folder = tmp_path / "spool"
    first = DiskSpool(folder, ROOM)
    for item in (kept(0, checkpoint=True), kept(1), kept(60, checkpoint=True), kept(61), kept(62)):
        first.add("a", item)
    del first  # its buffers may or may not have reached the disk: cut the log anywhere behind the checkpoint
    log = folder / "a" / "log"
    log.write_bytes(log.read_bytes() + b'["kept", 63000000, 12, 34, 64, 32]\n'[:torn])

    second_run = DiskSpool(folder, ROOM)
    assert second_run.resume_at("a") == Checkpoint(second(60), b"learnt by 60")
    for item in (kept(60, checkpoint=True), kept(61), kept(62)):
        second_run.add("a", item)
    second_run.finish("a")
    assert second_run.surveyed("a").kept == (second(0), second(1), second(60), second(61), second(62))
    pictures = second_run.pictures("a")
    assert all(
        cv2.imdecode(np.frombuffer(pictures.jpeg(second(at)), np.uint8), 1) is not None for at in (0, 1, 60, 61, 62)
    )


def test_frames_beyond_the_room_are_dropped_and_said_to_be(tmp_path: Path) -> None:
    spool = DiskSpool(tmp_path, 1000)
    for at in range(20):
        spool.add("a", kept(at, checkpoint=at == 0))
    spool.finish("a")
    seen = spool.surveyed("a")
    assert seen.dropped
    assert len(seen.kept) + len(seen.dropped) == 20


def test_a_full_disk_is_told_as_one(spool: DiskSpool, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ingest.spool.os.fsync", full)
    with pytest.raises(DiskFull, match="VIDEOQA_DATA_DIR"):
        spool.add("a", kept(0, checkpoint=True))


def test_discarding_leaves_nothing(spool: DiskSpool, tmp_path: Path) -> None:
    spool.add("a", kept(0, checkpoint=True))
    spool.discard("a")
    assert not (tmp_path / "spool" / "a").exists()
    assert spool.resume_at("a") is None


def test_frames_leave_the_room_in_which_a_full_disk_is_written_down(
    spool: DiskSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.add("a", kept(0, checkpoint=True))
    usage = shutil.disk_usage("/")
    monkeypatch.setattr("ingest.spool.shutil.disk_usage", lambda path: usage._replace(free=RESERVE - 1))
    with pytest.raises(DiskFull):
        spool.add("a", kept(1))
    monkeypatch.undo()
    assert spool.resume_at("a") == Checkpoint(second(0), b"learnt by 0")
