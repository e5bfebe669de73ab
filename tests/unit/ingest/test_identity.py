"""A file is known by its content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ingest.identity import LocalFiles
from videoqa.errors import NoSuchFile


def test_the_same_content_under_another_name_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"footage")
    (tmp_path / "b.mkv").write_bytes(b"footage")
    files = LocalFiles()
    one, two = files.identify(str(tmp_path / "a.mp4")), files.identify(str(tmp_path / "b.mkv"))
    assert one.digest == two.digest == hashlib.sha256(b"footage").hexdigest()
    assert one.size == 7


def test_a_file_that_grew_is_no_longer_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"footage")
    identity = LocalFiles().identify(str(path))
    assert LocalFiles().unchanged(str(path), identity)
    path.write_bytes(b"footage and more")
    assert not LocalFiles().unchanged(str(path), identity)
    path.unlink()
    assert not LocalFiles().unchanged(str(path), identity)


@pytest.mark.parametrize("name", ["absent.mp4", "folder"])
def test_what_cannot_be_read_is_told_with_its_cause(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NoSuchFile, match=r"No such file|Is a directory"):
        LocalFiles().identify(str(tmp_path / name))


def test_a_named_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(NoSuchFile, match="no regular file"):
        LocalFiles().identify(str(tmp_path / "pipe.mp4"))
