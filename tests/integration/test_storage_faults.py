"""The books of the service when another process holds the database, the disk is full, or a kill comes in between."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer import database, service_tables
from indexer.answer_log import SqlAnswerLog
from indexer.archive import SqlArchive
from indexer.audit_log import SqlAuditLog
from indexer.database import open_database, reading, writing
from indexer.keys import SqlKeys
from indexer.search.hybrid import HybridSearch
from tests.databases import postgresql_server, small_disk
from videoqa.access import Role, Scope
from videoqa.errors import DatabaseBusy, DiskFull, StorageError
from videoqa.media import ZERO, Recording, RecordingState
from videoqa.ports import Deed, EventFilter, GivenAnswer, RecordingFilter, Usage
from videoqa.testing.search import LetterEmbedder

ROOT = str(Path(__file__).parent.parent.parent)
NOW = datetime(2024, 2, 29, tzinfo=UTC)
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("DELETE FROM deeds")
print("held", flush=True)
sys.stdin.readline()
connection.rollback()
"""
WRITER = """
import itertools, sys
from pathlib import Path
from tests.integration.test_storage_faults import Books

books = Books.opened(Path(sys.argv[1]))
for number in itertools.count():
    for line in books.write(f"{sys.argv[2]}-{number}"):
        print(line, flush=True)
"""


@dataclass(frozen=True)
class Books:
    """Everything that the service writes, over one engine."""

    engine: sa.Engine
    archive: SqlArchive
    keys: SqlKeys
    answers: SqlAnswerLog
    audit: SqlAuditLog

    @classmethod
    def opened(cls, place: Path | str) -> Books:
        engine = open_database(place)
        index = place.parent / "index" if isinstance(place, Path) else Path("index")
        search = HybridSearch(engine, LetterEmbedder(), index)
        archive = SqlArchive(engine, lambda: search)
        return cls(engine, archive, SqlKeys(engine), SqlAnswerLog(engine), SqlAuditLog(engine))

    def write(self, name: str, size: int = 10) -> Iterator[str]:
        """Writes to every book, and says after each transaction what is kept from then on."""
        recording = Recording(name, name, f"/{name}", name, ZERO, RecordingState.QUEUED, tags=("one", "two"))
        self.archive.add(recording)
        yield f"recording {name}"
        self.archive.tag(name, ["three"])
        yield f"tagged {name}"
        self.keys.create(name, Role.VIEWER, Scope())
        yield f"key {name}"
        self.keys.revoke(name)
        yield f"revoked {name}"
        self.answers.add(GivenAnswer(name, "k", NOW, "?" * size, "{}", Usage(prompt_tokens=1)))
        yield f"answer {name}"
        self.answers.judge(name, right=True, note="")
        yield f"judged {name}"
        self.audit.write(Deed(NOW, "k", "key", "::1", "POST", name, "r", 201))
        yield f"deed {name}"

    def kept(self) -> Counter[str]:
        """What is there, in the words of ``write``."""
        found = Counter[str]()
        for recording in self.archive.recordings():
            found[f"recording {recording.id}"] += 1
            found[f"tagged {recording.id}"] += recording.tags == ("three",)
            assert recording.tags in {("one", "two"), ("three",)}
        for key in self.keys.keys():  # noqa: SIM118 - a method of the port
            found[f"key {key.name}"] += 1
            found[f"revoked {key.name}"] += key.revoked_at is not None
        with reading(self.engine) as connection:
            for answer in connection.execute(sa.select(service_tables.answers)).mappings():
                found[f"answer {answer['id']}"] += 1
                found[f"judged {answer['id']}"] += bool(answer["verdict"])
            found.update(
                f"deed {name}" for name in connection.execute(sa.select(service_tables.deeds.c.subject)).scalars()
            )
        return +found


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process is in the middle of writing."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield
    finally:
        holder.communicate("\n", timeout=30)


@contextmanager
def held_server(url: str) -> Iterator[None]:
    with writing(database._postgresql(url)):
        yield


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_writer_waits_for_another_process_and_then_says_what_to_do_while_readers_go_on(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "videoqa.sqlite" if kind == "sqlite" else request.getfixturevalue("postgresql")
    list(Books.opened(place).write("before"))
    monkeypatch.setattr(database, "PATIENCE", 1.0)  # a minute, in everyday use
    books = Books.opened(place)
    before = books.kept()
    writes: list[Callable[[], object]] = [
        lambda: books.archive.tag("before", ["one", "two"]),
        lambda: books.keys.create("during", Role.ADMIN, Scope()),
        lambda: books.audit.write(Deed(NOW, "", "", "", "", "during", "", 0)),
    ]
    with held(place) if isinstance(place, Path) else held_server(place):
        for write in writes:
            begun = time.monotonic()
            with pytest.raises(DatabaseBusy, match=r"another process for 1 s; try again, and end that process"):
                write()
            assert time.monotonic() - begun >= 0.9
        assert books.kept() == before  # a reader that waited would be told so, too
        assert books.archive.page(RecordingFilter()) == books.archive.recordings()
        assert books.archive.find_events(EventFilter()) == ()
        assert Books.opened(place).kept() == before
    for write in writes:
        write()
    assert books.kept() == before + Counter(["key during", "deed during"]) - Counter(["tagged before"])


def test_a_full_disk_says_so_keeps_what_was_acknowledged_and_works_again_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        books = Books.opened(disk / "videoqa.sqlite")
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(200_000))
        acknowledged = list[str]()
        with pytest.raises(DiskFull, match="No space is left"):  # noqa: PT012 - any of them may be the one too many
            for number in range(1000):
                acknowledged += books.write(f"first-{number}", size=20_000)
        assert acknowledged
        kept = books.kept()
        assert set(acknowledged) <= set(kept)
        assert set(kept.values()) == {1}
        for refused in range(3):
            with pytest.raises(StorageError):
                list(books.write(f"refused-{refused}", size=200_000))
        ballast.unlink()
        assert set(books.write("after")) <= set(books.kept())
        checked(disk / "videoqa.sqlite")
        books.engine.dispose()


def checked(path: Path) -> None:
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_was_acknowledged_before_a_kill_is_there_once(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path, chance = tmp_path / "videoqa.sqlite", random.Random(4)
    acknowledged = set[str]()
    for number in range(60 if request.config.getoption("--soak") else 4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": ROOT},
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(chance.random() / 5)
        writer.send_signal(signal.SIGKILL)
        told, _ = writer.communicate()
        acknowledged |= {
            line.removesuffix("\n") for line in (first + told).splitlines(keepends=True) if line[-1:] == "\n"
        }
        checked(path)
        books = Books.opened(path)
        kept = books.kept()
        assert acknowledged <= set(kept)
        assert set(kept.values()) == {1}
        books.engine.dispose()
