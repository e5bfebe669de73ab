"""Services over one data directory know of one another."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from videoqa.bootstrap.neighbours import Neighbours, is_served

ANOTHER = """
import sys
from pathlib import Path
from videoqa.bootstrap.neighbours import Neighbours
with Neighbours(Path(sys.argv[1]), "http://127.0.0.1:1").joined():
    print("joined", flush=True)
    sys.stdin.read()
"""


def another(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", ANOTHER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "joined\n"
    return process


@pytest.mark.parametrize("end", ["its own", "a kill"])
def test_they_are_told_when_one_comes_and_when_it_goes(
    tmp_path: Path, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    here = Neighbours(tmp_path, "http://127.0.0.1:2")
    with here.joined(), another(tmp_path) as process:
        assert here.others() == ("http://127.0.0.1:1",)
        here.tell()
        here.tell()
        process.kill() if end == "a kill" else process.communicate()
        process.wait()
        here.tell()
    told = [record.getMessage() for record in caplog.records]
    assert [("another service" in line, "has gone" in line) for line in told] == [(True, False), (False, True)]
    assert not list((tmp_path / "services").iterdir())


def test_one_alone_has_none(tmp_path: Path) -> None:
    here = Neighbours(tmp_path, "http://127.0.0.1:2")
    with here.joined():
        assert here.others() == ()


@pytest.mark.parametrize("end", ["its own", "a kill"])
def test_a_data_directory_is_served_for_as_long_as_a_service_lives(tmp_path: Path, end: str) -> None:
    assert not is_served(tmp_path)
    with another(tmp_path) as process:
        assert is_served(tmp_path)
        process.kill() if end == "a kill" else process.communicate()
        process.wait()
    assert not is_served(tmp_path)
