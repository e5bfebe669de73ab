"""The fakes and the adapters that the suites are run on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer import columns, tables
from indexer.alert_log import SqlAlertLog
from indexer.archive import SqlArchive
from indexer.cameras import SqlCameras
from indexer.database import open_database, writing
from indexer.rules import SqlRules
from indexer.search import hybrid, vectors
from indexer.search.hybrid import HybridSearch
from tests.databases import postgresql_server
from videoqa.ports import AlertLog, Archive, Cameras, Rules, Search
from videoqa.testing.alert_log import MemoryAlertLog
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.cameras import MemoryCameras
from videoqa.testing.rules import MemoryRules
from videoqa.testing.search import LetterEmbedder, MemorySearch


@dataclass(frozen=True)
class Shelf:
    """An archive, and the search over what is in it."""

    archive: Archive
    search: Search


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without rows; to copy it is quicker than to make it."""
    path = tmp_path_factory.mktemp("empty") / "videoqa.sqlite"
    open_database(path).dispose()
    return path


@pytest.fixture(params=["memory", "sqlite", "large", "postgresql"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """Over each database; ``large`` searches SQLite in the way that pays for a hundred thousand passages."""
    if request.param == "large":
        monkeypatch.setattr(hybrid, "FEW", 0)
        monkeypatch.setattr(vectors, "FEW", 0)
    if request.param == "memory":
        memory = MemoryArchive()
        yield Shelf(memory, MemorySearch(memory, LetterEmbedder()))
        return
    if request.param == "postgresql":
        engine = open_database(request.getfixturevalue("postgresql"))
        with writing(engine) as connection:
            for table in (tables.recordings, tables.facts):
                connection.execute(table.delete())
    else:
        shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "videoqa.sqlite")
        engine = open_database(tmp_path / "videoqa.sqlite")
    search = HybridSearch(engine, LetterEmbedder(), tmp_path / "index")
    yield Shelf(SqlArchive(engine, lambda: search), search)
    engine.dispose()


@pytest.fixture
def archive(shelf: Shelf) -> Archive:
    return shelf.archive


@dataclass(frozen=True)
class Live:
    """What is kept of cameras and alerts, over one database, with the archive beside it."""

    cameras: Cameras
    rules: Rules
    log: AlertLog
    archive: Archive


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    if request.param == "memory":
        cameras, archive = MemoryCameras(), MemoryArchive()
        yield Live(cameras, MemoryRules(), MemoryAlertLog(cameras, archive), archive)
        return
    if request.param == "postgresql":
        engine = open_database(request.getfixturevalue("postgresql"))
        empty(engine)
    else:
        shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "videoqa.sqlite")
        engine = open_database(tmp_path / "videoqa.sqlite")
    search = HybridSearch(engine, LetterEmbedder(), tmp_path / "index")
    archive = SqlArchive(engine, lambda: search)
    yield Live(SqlCameras(engine), SqlRules(engine), SqlAlertLog(engine), archive)
    engine.dispose()


def empty(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        for table in reversed(columns.METADATA.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database without rows."""
    if request.param == "postgresql":
        engine = open_database(request.getfixturevalue("postgresql"))
        empty(engine)
    else:
        shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "videoqa.sqlite")
        engine = open_database(tmp_path / "videoqa.sqlite")
    yield engine
    engine.dispose()
