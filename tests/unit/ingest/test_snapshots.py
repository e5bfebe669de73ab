"""The latest picture of each camera."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.snapshots import FILE, FRESH, DiskSnapshots
from videoqa.errors import DiskFull
from videoqa.media import Picture

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PICTURE = Picture(4, 4, bytes(48))


def test_a_picture_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    snapshots = DiskSnapshots(tmp_path)
    assert snapshots.latest("gate") is None
    for minute in range(2):
        snapshots.keep("gate", PICTURE, NOON + timedelta(minutes=minute))
    latest = snapshots.latest("gate")
    assert latest is not None
    assert latest.jpeg.startswith(b"\xff\xd8")
    assert latest.taken_at == snapshots.taken_at("gate") == NOON + timedelta(minutes=1)
    assert [path.name for path in (tmp_path / "gate").iterdir()] == [FILE]


def test_what_a_kill_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / FRESH).write_bytes(b"half a picture that is longer than the whole of the next one" * 99)
    DiskSnapshots(tmp_path).keep("gate", PICTURE, NOON)
    assert [path.name for path in (tmp_path / "gate").iterdir()] == [FILE]
    assert (tmp_path / "gate" / FILE).read_bytes().endswith(b"\xff\xd9")


def test_nothing_is_left_of_a_picture_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "gate" / FILE / "in the way").mkdir(parents=True)
    with pytest.raises(DiskFull):
        DiskSnapshots(tmp_path).keep("gate", PICTURE, NOON)
    assert [path.name for path in (tmp_path / "gate").iterdir()] == [FILE]
