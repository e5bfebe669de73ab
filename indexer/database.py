"""Opens the database, brings its schema up to date, and says in our own errors what goes wrong with it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from indexer import (
    columns,
    live_tables,  # noqa: F401 - their tables stand together in METADATA
    service_tables,  # noqa: F401
    tables,  # noqa: F401
)
from indexer.faults import name_fault, os_fault
from videoqa.errors import BadSetting, DamagedDatabase, MissingPart, NewerDatabase

SCHEMA = "0006"
"""The newest schema this version writes; the older ones it can bring up to date stand in ``migrations/versions``."""
PATIENCE = 60.0
"""Seconds to wait for another process that writes. Each write of ours lasts milliseconds."""
_WRITERS = 7077331
_URL_SETTING = "VIDEOQA_DATABASE_URL"


def open_database(where: Path | str) -> sa.Engine:
    """The database in the file ``where``, or behind the PostgreSQL URL ``where``; made or migrated where needed.

    Raises:
        NewerDatabase: it was written by a newer videoqa.
        StorageError: it cannot be opened, read or written.
        BadSetting: the URL is none of PostgreSQL.
        MissingPart: a PostgreSQL URL without its driver.
    """
    engine = _sqlite(where) if isinstance(where, Path) else _postgresql(where)
    place = str(where) if isinstance(where, Path) else engine.url.render_as_string(hide_password=True)
    event.listen(engine, "handle_error", lambda context: name_fault(context, place, PATIENCE))
    try:
        _bring_up_to_date(engine, place)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees one state of the data and holds nobody up."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes: it waits its turn at its beginning, never in its middle, and is kept on leaving."""
    with engine.execution_options(videoqa_writes=True).begin() as connection:
        yield connection


def _sqlite(path: Path) -> sa.Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise os_fault(error, str(path.parent)) from error
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": PATIENCE, "check_same_thread": False},
        max_overflow=-1,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: object) -> None:
        # The driver would begin transactions by itself, and deferred ones; `begin` below does it.
        connection.isolation_level = None
        _write_ahead(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get("videoqa_migrates", False):
            # To drop a table whose rows others refer to would delete those, too; within a transaction it is too late.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        # A deferred transaction that reads and then writes fails at once when another has written in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("videoqa_writes", False) else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switches to write-ahead logging. SQLite does not wait for others while it switches, so this does."""
    deadline = time.monotonic() + PATIENCE
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _postgresql(url: str) -> sa.Engine:
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra, needed only here
    except ModuleNotFoundError as error:
        raise MissingPart(part="psycopg", remedy="install videoqa[postgres]") from error
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise BadSetting(name=_URL_SETTING, value="something else", expected="a PostgreSQL URL") from error
    if parsed.get_backend_name() not in {"postgres", "postgresql"}:
        hidden = parsed.render_as_string(hide_password=True)
        raise BadSetting(name=_URL_SETTING, value=hidden, expected="a PostgreSQL URL")
    parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parsed, pool_pre_ping=True, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("videoqa_writes", False):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(PATIENCE * 1000)}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    return engine


def _bring_up_to_date(engine: sa.Engine, place: str) -> None:
    with reading(engine) as connection:
        if _current(connection, place):
            return
    try:
        with writing(engine.execution_options(videoqa_migrates=True)) as connection:
            # Another process may have done it while this one waited for its turn.
            if not _current(connection, place):
                _migrate(connection, place)
    finally:
        engine.dispose()  # this connection heeds no foreign keys


def _current(connection: sa.Connection, place: str) -> bool:
    """
    Raises:
        NewerDatabase: its schema is of a later version than this.
    """
    found = _schema(connection)
    if found is not None and found > SCHEMA:
        raise NewerDatabase(path=place, found=found, known=SCHEMA)
    return found == SCHEMA


def _migrate(connection: sa.Connection, place: str) -> None:
    if _schema(connection) is None:
        # The steps would lead to the very same tables, half a second later.
        columns.METADATA.create_all(connection)
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:schema)"), {"schema": SCHEMA})
        return
    from indexer.migrations import migrate  # noqa: PLC0415 - half a second, once in a schema's life

    migrate(connection)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise DamagedDatabase(
                path=place, problem=f"a row of {broken[0]} belongs to one of {broken[2]} that is not there"
            )


def _schema(connection: sa.Connection) -> str | None:
    """The number of the schema it was last brought to, or None where there is none yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT max(version_num) FROM alembic_version").scalar()
    return found
