"""Work that one process does at a time, whoever shares what it works on."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer.database import open_database
from indexer.slots import SqlSlot
from videoqa.errors import StorageError
from videoqa.jobs.slots import Slot


def test_one_holds_the_slot_of_a_folder_until_it_is_gone(tmp_path: Path) -> None:
    first, second = Slot(tmp_path, "live"), Slot(tmp_path, "live")
    assert not first.held()
    assert first.take()
    assert first.take()
    assert not second.take()
    assert second.held()
    assert Slot(tmp_path, "worker").take(), "another work is another slot"
    del first
    assert second.take()


def test_one_holds_the_slot_of_a_database_that_folders_share_until_its_connection_breaks(postgresql: str) -> None:
    here, there = open_database(postgresql), open_database(postgresql)
    first, second = SqlSlot(here, "live"), SqlSlot(there, "live")
    assert first.take()
    assert first.take()
    assert not second.take()
    assert SqlSlot(there, "other").take(), "another work is another slot"
    with there.connect() as connection:
        locks = sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key")
        connection.execute(locks, {"key": zlib.crc32(b"videoqa live")})
    deadline = time.monotonic() + 60
    while not second.take():
        assert time.monotonic() < deadline
    with pytest.raises(StorageError):
        first.take()
    assert not first.take(), "it asks anew, and another one has it"


def test_a_database_of_one_folder_leaves_it_to_the_folder(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "videoqa.sqlite")
    assert SqlSlot(engine, "live").take()
    assert SqlSlot(engine, "live").take()
