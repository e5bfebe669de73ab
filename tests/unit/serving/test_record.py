"""A running front is found by its file; what a dead one left is not believed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from videoqa.errors import DataUnwritable
from videoqa.serving import Running, found, running
from videoqa.serving.record import recorded

FRONT = Running("http://127.0.0.1:8000/v1", ("eye",), 17)


def test_it_is_found_while_it_runs_and_not_after(tmp_path: Path) -> None:
    assert found(tmp_path) is None
    with recorded(tmp_path, 8000, FRONT):
        assert running(tmp_path) == FRONT
    assert found(tmp_path) is None
    assert not list(tmp_path.rglob("*.json"))


def test_the_one_started_last_is_found_first(tmp_path: Path) -> None:
    later = Running("http://127.0.0.1:9000/v1", ("ear",), 18)
    with recorded(tmp_path, 8000, FRONT):
        with recorded(tmp_path, 9000, later):
            assert running(tmp_path) == later
        assert running(tmp_path) == FRONT


def test_what_a_killed_one_left_behind_is_known_for_stale_and_removed(tmp_path: Path) -> None:
    dying = (
        "import os, sys; from pathlib import Path; from videoqa.serving.record import Running, recorded\n"
        "with recorded(Path(sys.argv[1]), 8000, Running('http://x/v1', (), os.getpid())): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", dying, str(tmp_path)], check=False)
    assert list(tmp_path.rglob("8000.json"))
    assert found(tmp_path) is None
    assert not list(tmp_path.rglob("8000.json"))


def test_a_file_that_was_copied_here_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "8000.json").write_text(json.dumps({"url": "http://x/v1", "models": [], "pid": 1}))
    assert found(tmp_path) is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("in the way")
    with pytest.raises(DataUnwritable), recorded(tmp_path, 8000, FRONT):
        pytest.fail("it was written")
