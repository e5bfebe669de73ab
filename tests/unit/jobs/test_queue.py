"""What is wrong with the folder of the jobs is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from videoqa.errors import DamagedDatabase, DataUnwritable
from videoqa.jobs.queue import Jobs
from videoqa.jobs.slots import Slot
from videoqa.jobs.storage import own_word


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
