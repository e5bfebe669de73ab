from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer import faults
from indexer.database import open_database, reading, writing
from videoqa.errors import BadSetting, DiskFull


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://ada:secret@host/db", "no url", "postgresql//ada:secret@h"])
def test_another_kind_of_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="PostgreSQL URL") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


def test_a_database_is_made_with_its_folders_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "ünï cödé %20?.sqlite"
    open_database(path).dispose()
    with reading(open_database(path)) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM recordings").scalar() == 0
    assert path.exists()


def test_what_is_written_survives_a_power_cut(tmp_path: Path) -> None:
    with reading(open_database(tmp_path / "videoqa.sqlite")) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "videoqa.sqlite")
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:  # noqa: PT012 - both are the point
        connection.exec_driver_sql("INSERT INTO facts VALUES ('a', 'b')")
        raise ZeroDivisionError
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM facts").scalar() == 0


def test_a_reader_sees_one_state_while_another_writes(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "videoqa.sqlite")
    count = "SELECT count(*) FROM facts"
    with reading(engine) as connection:
        assert connection.exec_driver_sql(count).scalar() == 0
        with writing(engine) as other:
            other.exec_driver_sql("INSERT INTO facts VALUES ('a', 'b')")
        assert connection.exec_driver_sql(count).scalar() == 0
    with reading(engine) as connection:
        assert connection.exec_driver_sql(count).scalar() == 1


def test_threads_that_read_and_then_write_never_find_it_locked(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "videoqa.sqlite")
    with writing(engine) as connection:
        connection.exec_driver_sql("INSERT INTO facts VALUES ('n', '0')")

    def count_up() -> None:
        for _ in range(20):
            with writing(engine) as connection:
                held = connection.exec_driver_sql("SELECT value FROM facts").scalar_one()
                connection.exec_driver_sql("UPDATE facts SET value = ?", (str(int(held) + 1),))

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT value FROM facts").scalar_one() == "160"


def test_an_error_of_ours_keeps_the_drivers_as_its_cause(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "videoqa.sqlite")
    with pytest.raises(DiskFull) as caught, writing(engine) as connection:  # noqa: PT012 - both are the point
        connection.exec_driver_sql("PRAGMA max_page_count=1")
        connection.execute(sa.text("INSERT INTO facts VALUES ('a', :value)"), {"value": "x" * 1_000_000})
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    assert str(tmp_path) in str(caught.value)


def test_a_full_disk_is_told_from_one_that_refuses() -> None:
    assert "No space" in str(faults.os_fault(OSError(28, "No space left on device"), "/data"))
    assert "Permission denied" in str(faults.os_fault(OSError(13, "Permission denied"), "/data"))


def test_opening_a_current_database_imports_neither_alembic_nor_numpy(tmp_path: Path) -> None:
    path = tmp_path / "videoqa.sqlite"
    open_database(path).dispose()
    code = (
        "import sys; from pathlib import Path; import indexer.archive; from indexer.database import open_database;"
        "open_database(Path(sys.argv[1])); sys.exit(any(name in sys.modules for name in ('alembic', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0
