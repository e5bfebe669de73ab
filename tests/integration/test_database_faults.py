"""What befalls a database: other processes, full disks, damage, newer versions. One clear error, and nothing lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer.alert_log import SqlAlertLog
from indexer.archive import SqlArchive
from indexer.cameras import SqlCameras
from indexer.database import open_database, writing
from indexer.search.hybrid import HybridSearch
from tests.databases import postgresql_server, small_disk
from videoqa.answers import Filter
from videoqa.cameras import Camera, Gap, StreamUrl
from videoqa.errors import DamagedDatabase, DataUnwritable, DiskFull, NewerDatabase, StorageError
from videoqa.events import Passage, Source
from videoqa.media import (
    Coverage,
    CoverageState,
    CoveredSpan,
    Cue,
    FrameGroup,
    Recording,
    RecordingState,
    Sampling,
    Span,
)
from videoqa.ports import Look, RecordedLook, TimelineChange
from videoqa.testing.search import LetterEmbedder

HOUR = timedelta(hours=1)
NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
WRITER = """
import sys
from pathlib import Path
from tests.integration.test_database_faults import index_one, opened

place, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
archive, search = opened(place if "://" in place else Path(place), Path(sys.argv[4]))
for number in range(count):
    index_one(archive, f"{name}-{number}")
    print(number, flush=True)
"""


def opened(place: Path | str, index: Path) -> tuple[SqlArchive, HybridSearch]:
    engine = open_database(place)
    search = HybridSearch(engine, LetterEmbedder(), index)
    return SqlArchive(engine, lambda: search), search


def index_one(archive: SqlArchive, name: str, passages: int = 20) -> str:
    """The whole life of a recording in the archive: some twenty transactions that read and then write."""
    recording = archive.add(Recording("", name, f"/{name}", name, HOUR, RecordingState.QUEUED))
    span = Span(timedelta(0), timedelta(seconds=10))
    analysis = archive.begin(recording.id, "signals", Sampling(), HOUR, [Cue(span, "hello")])
    groups = [FrameGroup(number, span, (timedelta(seconds=number),)) for number in range(10)]
    archive.set_plan(analysis, [timedelta(seconds=number) for number in range(10)], groups)
    for number in range(10):
        archive.record(analysis, number, RecordedLook(Look()), TimelineChange())
        archive.open_events(analysis)
    texts = [Passage(recording.id, span, f"red {name} {number}", Source.SUBTITLE) for number in range(passages)]
    seen = CoveredSpan(Span(timedelta(0), HOUR), CoverageState.ANALYSED)
    archive.finish(analysis, Coverage(HOUR, (seen,)), [], texts)
    archive.set_state(recording.id, RecordingState.INDEXED)
    return recording.id


def writers(place: Path | str, index: Path, processes: int, count: int) -> list[subprocess.Popen[str]]:
    root = str(Path(__file__).parent.parent.parent)
    return [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(place), f"process{number}", str(count), str(index)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": root},
        )
        for number in range(processes)
    ]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with one indexed recording."""
    path = tmp_path / "data" / "videoqa.sqlite"
    archive, _ = opened(path, tmp_path / "index")
    index_one(archive, "first")
    return path


def test_processes_that_open_and_write_a_new_database_at_once_all_succeed(tmp_path: Path) -> None:
    path, processes, count = tmp_path / "data" / "videoqa.sqlite", 4, 3
    for process in writers(path, tmp_path / "index", processes, count):
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    archive, search = opened(path, tmp_path / "index")
    assert len(archive.recordings()) == processes * count
    assert {recording.state for recording in archive.recordings()} == {RecordingState.INDEXED}
    assert len(search.candidates("red", Filter(), 1000)) == processes * count * 20


def test_processes_share_a_postgresql_database(postgresql: str, tmp_path: Path) -> None:
    for process in writers(postgresql, tmp_path / "index", 3, 2):
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    archive, search = opened(postgresql, tmp_path / "elsewhere")
    assert len(archive.recordings()) == 6
    assert len(search.candidates("red", Filter(), 1000)) == 120


def test_a_killed_writer_leaves_whole_transactions_behind(tmp_path: Path) -> None:
    path = tmp_path / "videoqa.sqlite"
    [process] = writers(path, tmp_path / "index", 1, 1000)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.15)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    archive, search = opened(path, tmp_path / "index")
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for recording in archive.recordings():
        finished = archive.finished_analysis(recording.id)
        found = search.candidates("red", Filter(recordings=frozenset({recording.id})), 100)
        assert len(found) == (0 if finished is None else 20)
    assert any(archive.finished_analysis(recording.id) for recording in archive.recordings())


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: Path) -> None:
    with sqlite3.connect(database) as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match=r"schema 9999.*update videoqa"):
        open_database(database)
    with sqlite3.connect(database) as plain:
        assert plain.execute("SELECT count(*) FROM recordings").fetchone() == (1,)


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "videoqa.sqlite"
    path.write_bytes(b"this is no database at all" * 1000)
    with pytest.raises(DamagedDatabase, match="file is not a database"):
        open_database(path)


def test_damage_inside_is_told_when_it_is_met(database: Path, tmp_path: Path) -> None:
    with sqlite3.connect(database) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(DamagedDatabase):
        opened(database, tmp_path / "index")[0].recordings()


def test_a_truncated_database_is_said_to_be_damaged(database: Path, tmp_path: Path) -> None:
    with sqlite3.connect(database) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(database, database.stat().st_size // 3)
    with pytest.raises(DamagedDatabase):
        index_one(opened(database, tmp_path / "index")[0], "second")


def test_a_full_database_says_so_and_keeps_what_it_had(database: Path, tmp_path: Path) -> None:
    archive, search = opened(database, tmp_path / "index")
    engine = archive._engine

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 5}")

    sa.event.listen(engine, "connect", limit)
    engine.dispose()
    with pytest.raises(DiskFull):
        index_one(archive, "second", passages=5000)
    assert len(search.candidates("red", Filter(), 100)) == 20
    sa.event.remove(engine, "connect", limit)
    engine.dispose()
    index_one(archive, "third")
    assert len(search.candidates("red", Filter(), 100)) == 40


def test_a_full_disk_says_so_and_what_was_there_can_still_be_asked(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        archive, search = opened(disk / "videoqa.sqlite", disk / "index")
        index_one(archive, "first")
        (disk / "ballast").write_bytes(bytes(400_000))
        with pytest.raises(DiskFull):
            index_one(archive, "second", passages=20_000)
        assert len(search.candidates("red first", Filter(), 20)) >= 20
        (disk / "ballast").unlink()
        index_one(archive, "last")
        archive._engine.dispose()


def test_a_full_disk_costs_the_alert_log_no_number(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        engine = open_database(disk / "videoqa.sqlite")
        log, cameras = SqlAlertLog(engine), SqlCameras(engine)
        cameras.add(Camera("c", "c", StreamUrl("rtsp://10.0.0.7/"), NOON))
        log.write([Gap("c", NOON, None, "before")])
        (disk / "ballast").write_bytes(bytes(400_000))
        with pytest.raises(DiskFull):
            log.write([Gap("c", NOON + number * HOUR, None, "x" * 1000) for number in range(1, 1000)])
        assert (log.last_seq(), len(log.notices(0)), len(cameras.gaps("c", NOON, NOON + 1000 * HOUR))) == (1, 1, 1)
        (disk / "ballast").unlink()
        [notice] = log.write([Gap("c", NOON, NOON + HOUR, "after")])
        assert (notice.seq, log.last_seq()) == (2, 2)
        engine.dispose()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataUnwritable, match="VIDEOQA_DATA_DIR"):
        open_database(tmp_path / "file" / "data" / "videoqa.sqlite")


def test_a_database_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "videoqa.sqlite").mkdir()
    with pytest.raises(DataUnwritable, match="unable to open"):
        open_database(tmp_path / "videoqa.sqlite")


def test_a_database_that_may_only_be_read_says_so_on_writing(database: Path, tmp_path: Path) -> None:
    archive, _ = opened(database, tmp_path / "index")
    sa.event.listen(
        archive._engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON") and None
    )
    archive._engine.dispose()
    with pytest.raises(DataUnwritable, match="readonly"):
        index_one(archive, "second")
    assert len(archive.recordings()) == 1


def test_a_server_that_cannot_be_reached_is_told_without_its_password() -> None:
    with pytest.raises(StorageError) as caught:
        open_database("postgresql://ada:secret@127.0.0.1:1/videoqa?connect_timeout=2")
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_was_removed_is_gone_from_the_disk(tmp_path: Path) -> None:
    archive, _ = opened(tmp_path / "videoqa.sqlite", tmp_path / "index")
    index_one(archive, "kept")
    archive.remove(index_one(archive, "mysecret", passages=200))
    archive._engine.dispose()
    with sqlite3.connect(tmp_path / "videoqa.sqlite") as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    left = [path for path in tmp_path.rglob("*") if path.is_file() and b"mysecret" in path.read_bytes()]
    assert left == []


def test_a_write_waits_for_another_to_end(database: Path, tmp_path: Path) -> None:
    archive, _ = opened(database, tmp_path / "index")
    with writing(open_database(database)):
        [process] = writers(database, tmp_path / "index", 1, 1)
        time.sleep(1)
        assert process.poll() is None
        assert len(archive.recordings()) == 1
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
