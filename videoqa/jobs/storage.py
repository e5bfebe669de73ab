"""Where the jobs of a data directory are kept: its own SQLite file, or a PostgreSQL database that many share."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The engine imports it later, on a thread: whoever builds a statement meanwhile would trip over the half of it that is
# there.
import sqlalchemy.orm  # noqa: F401
from sqlalchemy.exc import DBAPIError

from videoqa.errors import DamagedDatabase, DataUnwritable, DiskFull

_LEAST_ROOM = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Storage:
    """``folder`` is the data directory, ``database_url`` a PostgreSQL URL or empty."""

    folder: Path
    database_url: str

    @property
    def url(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'jobs.sqlite'}"

    @property
    def executor(self) -> str:
        """The slot's name, not the process's: whoever takes the slot recovers what its last holder left behind.

        On a shared server every folder is a slot of its own, or its holder would do over what another one is doing.
        """
        return f"slot-{own_word(self.folder)}" if self.database_url else "slot-0"

    def prepare(self) -> None:
        """Makes the tables, or brings them up to date, one process at a time: two at once trip over each other.

        Raises:
            StorageError: they cannot be read or written.
        """
        from dbos import DBOS  # noqa: PLC0415  it takes a second

        with self.errors(), (self.folder / "jobs.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # With less than its files take the engine would wait for room, and never say so.
            if shutil.disk_usage(self.folder).free < _LEAST_ROOM:
                raise DiskFull(path=self.folder)
            if not self.database_url:
                with contextlib.closing(sqlite3.connect(self.folder / "jobs.sqlite", timeout=30)) as connection:
                    connection.execute("PRAGMA journal_mode=WAL")
            DBOS.migrate(self.url)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Has what goes wrong inside told as a ``StorageError``."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(path=self.folder) from error
            raise DataUnwritable(path=self.folder, problem=error.strerror or error) from error
        except (sqlite3.Error, DBAPIError) as error:
            fault = error.orig if isinstance(error, DBAPIError) else error
            code = getattr(fault, "sqlite_errorcode", None)
            if code == sqlite3.SQLITE_FULL:
                raise DiskFull(path=self.folder) from error
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                raise DamagedDatabase(path=self.folder / "jobs.sqlite", problem=fault) from error
            raise DataUnwritable(path=self.folder, problem=fault) from error


def own_word(folder: Path) -> str:
    """A word that ``folder`` keeps and no other folder has."""
    place = folder / "executor"
    if not place.exists() or not place.read_text().strip():
        place.write_text(secrets.token_hex(8))
    return place.read_text().strip()
