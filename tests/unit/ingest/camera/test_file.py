"""The file of a recording under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.camera.file import ROOM_EVERY, RecordingFile
from videoqa.errors import DataUnwritable, DiskFull

MORE_THAN_ANY_DISK = 2**62


def test_a_recording_under_way_ends_before_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "some.mp4"
    file = RecordingFile(str(path), 2**30, MORE_THAN_ANY_DISK)
    file.write(b"begins")
    with pytest.raises(DiskFull):
        file.write(bytes(ROOM_EVERY))
    file.close()
    assert path.read_bytes() == b"begins"


def test_a_recording_under_way_goes_on_while_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "some.mp4"
    file = RecordingFile(str(path), 2**30, 1)
    for _ in range(3):
        file.write(bytes(ROOM_EVERY))
    file.close()
    assert path.stat().st_size == 3 * ROOM_EVERY


def test_a_recording_that_grows_without_end_is_no_full_disk(tmp_path: Path) -> None:
    file = RecordingFile(str(tmp_path / "some.mp4"), 10)
    with pytest.raises(DataUnwritable):
        file.write(bytes(11))
    file.close()
