"""What is wrong with the folder of the jobs is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from videoqa.errors import DamagedDatabase, DataUnwritable
from videoqa.jobs.queue import Jobs
from videoqa.jobs.slots import Slot
from videoqa.jobs.storage import own_word
from videoqa.ports import IndexRequest


def test_a_damaged_jobs_file_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"this is no database at all" * 400)
    with pytest.raises(DamagedDatabase, match=r"jobs\.sqlite"):
        Jobs(tmp_path).open()


def test_a_folder_that_cannot_be_written_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "jobs.lock").mkdir()
    with pytest.raises(DataUnwritable):
        Jobs(tmp_path).open()


def test_a_folder_keeps_its_word_and_no_other_has_it(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (other / "executor").touch()  # as a kill before it was written leaves it
    assert own_word(one) == own_word(one) != own_word(other) == own_word(other)


def test_a_slot_is_held_by_one(tmp_path: Path) -> None:
    first, second = Slot(tmp_path), Slot(tmp_path)
    assert first.take()
    assert first.take()
    assert not second.take()


def test_the_engine_is_told_whose_turn_it_is(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    jobs.submit(IndexRequest(f"/in/{number}.mp4", owner="heavy") for number in range(3))
    jobs.submit([IndexRequest("/in/a.mp4", owner="light"), IndexRequest("/in/b.mp4", owner="light")])
    jobs.submit([IndexRequest("/in/urgent.mp4", owner="heavy", priority=0)])
    # As the engine takes them: by number, among equals by age.
    waiting = sorted(jobs._client().list_workflows(), key=lambda each: (each.priority or 0, each.created_at or 0))
    order = [job.path.rpartition("/")[2] for job in jobs.jobs([each.workflow_id for each in waiting])]
    assert order == ["urgent.mp4", "0.mp4", "a.mp4", "1.mp4", "b.mp4", "2.mp4"]
    jobs.close()
