"""What is asked of few recordings reads those, however many others there are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from indexer import statements
from indexer.archive import SqlArchive
from indexer.database import open_database
from videoqa.media import Recording, RecordingState

MINUTE = timedelta(minutes=1)


def test_coverage_is_added_up_of_the_recordings_it_is_asked_of_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_database(tmp_path / "videoqa.db")
    archive = SqlArchive(engine, pytest.fail)
    for number in range(4):
        name = f"r{number}"
        archive.add(Recording(name, name, f"/{name}", name, MINUTE, RecordingState.QUEUED))
    read = list[int]()
    every = statements.every

    def counted(*asked: object) -> object:
        found = every(*asked)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    monkeypatch.setattr(statements, "every", counted)
    assert archive.total_coverage({"r1", "r3"}).length == 2 * MINUTE
    assert read == [2]
    monkeypatch.setattr(statements, "MOST_PARAMETERS", 2)
    assert archive.total_coverage({"r0", "r1", "r3"}).length == 3 * MINUTE
