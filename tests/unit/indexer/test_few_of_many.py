"""What is asked of few recordings reads those, however many others there are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer import statements
from indexer.archive import SqlArchive
from indexer.database import open_database
from videoqa.media import Recording, RecordingState

MINUTE = timedelta(minutes=1)


def test_coverage_is_added_up_in_the_database_of_the_recordings_it_is_asked_of_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "MOST_PARAMETERS", 2)
    engine = open_database(tmp_path / "videoqa.db")
    archive = SqlArchive(engine, pytest.fail)
    for number in range(5):
        name = f"r{number}"
        archive.add(Recording(name, name, f"/{name}", name, MINUTE, RecordingState.QUEUED))
    asked = list[set[object]]()

    def executed(_1: object, _2: object, statement: str, parameters: tuple[object, ...], *_: object) -> None:
        if "recordings" in statement:
            asked.append({each for each in parameters if each in {"r0", "r1", "r2", "r3", "r4"}})

    sa.event.listen(engine, "before_cursor_execute", executed)
    assert archive.total_coverage(["r1", "r3", "r1"]).length == 2 * MINUTE
    assert asked == [{"r1", "r3"}]
    assert archive.total_coverage(["r0", "r1", "r4"]).length == 3 * MINUTE
    assert asked[1:] == [{"r0", "r1"}, {"r4"}]
