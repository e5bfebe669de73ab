"""Files that were read once are known again without being read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest import known
from ingest.identity import LocalFiles
from ingest.known import KnownFiles
from videoqa.errors import NoSuchFile, SourceChanged
from videoqa.media import ZERO, Recording, RecordingState
from videoqa.ports import FileIdentity


class Counting(KnownFiles):
    """Counts how often a whole file is read."""

    reads = 0

    def identify(self, path: str) -> FileIdentity:
        self.reads += 1
        return super().identify(path)


@pytest.fixture
def files(tmp_path: Path) -> Counting:
    return Counting(tmp_path / "known")


def a_recording(path: Path, *, kept: bool = False) -> Recording:
    path.write_bytes(b"footage")
    digest = LocalFiles().identify(str(path)).digest
    return Recording("r", path.name, str(path), digest, ZERO, RecordingState.INDEXED, kept=kept)


def test_a_file_is_read_once_whoever_asks(files: Counting, tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "one.mp4")
    assert files.known(recording) == files.known(recording) == Counting(tmp_path / "known").known(recording)
    assert files.reads == 1


def test_what_is_kept_by_the_house_is_not_read_to_be_shown(files: Counting, tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "one.mp4", kept=True)
    with files.opened(recording) as file:
        assert file.read() == b"footage"
    assert files.reads == 0


def test_a_touched_file_is_read_again_and_is_the_same(files: Counting, tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "one.mp4", kept=True)
    files.known(recording)
    os.utime(recording.source, (1, 1))
    assert files.known(recording).digest == recording.digest
    assert files.reads == 1


@pytest.mark.parametrize("kept", [True, False])
def test_another_file_in_its_place_is_told(files: Counting, tmp_path: Path, kept: bool) -> None:
    recording = a_recording(tmp_path / "one.mp4", kept=kept)
    files.known(recording)
    Path(recording.source).write_bytes(b"another")
    with pytest.raises(SourceChanged):
        files.opened(recording)
    Path(recording.source).unlink()
    with pytest.raises(NoSuchFile):
        files.opened(recording)


def test_a_link_in_the_place_of_what_is_kept_is_not_followed(files: Counting, tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "one.mp4", kept=True)
    Path(recording.source).rename(tmp_path / "other.mp4")
    Path(recording.source).symlink_to(tmp_path / "other.mp4")
    with pytest.raises(NoSuchFile):
        files.opened(recording)


def test_a_users_own_file_may_lie_behind_a_link(files: Counting, tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "one.mp4")
    Path(recording.source).rename(tmp_path / "other.mp4")
    Path(recording.source).symlink_to(tmp_path / "other.mp4")
    with files.opened(recording) as file:
        assert file.read() == b"footage"


def test_whether_a_files_stamps_leap_is_remembered_as_long_as_it_is_that_file(files: Counting, tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "one.mp4")
    files.note_leaps(recording.source, leaps=True)
    assert files.leaps(recording) is None
    files.note_leaps(recording.source, leaps=True)
    assert files.leaps(recording) is True
    os.utime(recording.source, (1, 1))
    files.note_leaps(recording.source, leaps=True)
    assert files.leaps(recording) is None


def test_nonsense_in_the_books_is_found_out_anew(files: Counting, tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "one.mp4")
    files.known(recording)
    (entry,) = (tmp_path / "known").iterdir()
    for nonsense in (b"", b"[]", b"\xff", b'{"a": 1}'):
        entry.write_bytes(nonsense)
        assert files.known(recording).digest == recording.digest
    known.forget(tmp_path / "known", recording.digest)
    assert not list((tmp_path / "known").iterdir())
