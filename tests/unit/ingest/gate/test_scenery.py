from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from ingest.gate.scenery import FILE, FRESH_SECONDS, LiveScenery
from tests.yards import SECOND, Yard
from videoqa.ports import LiveFrame

BOX = (120, 80, 160, 120)


def news(scenery: LiveScenery, frames: list[LiveFrame]) -> list[int]:
    return [sum(scenery.change(live.frame).news) for live in frames]


@pytest.fixture
def learnt(tmp_path: Path) -> Path:
    """A folder in which it is kept what the yard before the camera "gate" looks like."""
    news(LiveScenery(SECOND, "gate", tmp_path), Yard().empty(60))
    return tmp_path


def test_a_change_is_on_the_grid_of_the_picture() -> None:
    scenery, yard = LiveScenery(SECOND), Yard()
    first = scenery.change(yard.frame().frame)
    assert first.admitted
    assert (first.rows, first.columns) == (180, 320)
    news(scenery, yard.empty(15))
    second = scenery.change(yard.frame(BOX).frame)
    assert second.admitted
    there = np.frombuffer(second.news, np.bool_).reshape(second.rows, second.columns)
    assert there[90:110, 130:150].all()
    assert not there[:60].any()


def test_whoever_stands_there_at_a_restart_does_not_belong_to_the_scene(learnt: Path) -> None:
    assert news(LiveScenery(SECOND, "gate", learnt), [Yard().frame(BOX)])[0] > 800
    assert news(LiveScenery(SECOND, "yard", learnt), [Yard().frame(BOX)]) == [0]
    assert news(LiveScenery(SECOND), [Yard().frame(BOX)]) == [0]


def test_nobody_else_on_the_machine_reads_what_was_learnt(learnt: Path) -> None:
    assert (learnt / "gate" / FILE).stat().st_mode & 0o077 == 0


def test_what_was_learnt_long_ago_is_learnt_anew(learnt: Path) -> None:
    then = time.time() - FRESH_SECONDS - 60
    os.utime(learnt / "gate" / FILE, (then, then))
    assert news(LiveScenery(SECOND, "gate", learnt), [Yard().frame(BOX)]) == [0]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 500])
def test_what_cannot_be_read_is_learnt_anew(learnt: Path, content: bytes) -> None:
    (learnt / "gate" / FILE).write_bytes(content)
    assert news(LiveScenery(SECOND, "gate", learnt), [Yard().frame(BOX)]) == [0]


def test_a_camera_of_another_size_is_learnt_anew(learnt: Path) -> None:
    scenery = LiveScenery(SECOND, "gate", learnt)
    assert news(scenery, Yard(size=(640, 480)).empty(3)) == [0, 0, 0]


def test_a_disk_that_cannot_be_written_is_no_reason_to_look_away(tmp_path: Path) -> None:
    (tmp_path / "gate").write_text("a file where a folder has to be")
    scenery = LiveScenery(SECOND, "gate", tmp_path)
    assert len(news(scenery, Yard().empty(61))) == 61


def test_footage_that_is_tried_teaches_nothing(tmp_path: Path) -> None:
    news(LiveScenery(SECOND, "", tmp_path), Yard().empty(61))
    assert not list(tmp_path.rglob("*"))
