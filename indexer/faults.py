"""What a database complains of, in our own errors."""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.engine.interfaces import ExceptionContext

from videoqa.errors import DamagedDatabase, DatabaseBusy, DataUnwritable, DiskFull, StorageError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}
_LOG_CANNOT_GROW = {sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP}
"""The index of the write-ahead log is a file of its own, whose growth fails in its own way."""
_WAITED_IN_VAIN = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def name_fault(context: ExceptionContext, place: str, patience: float) -> StorageError | None:
    """What SQLAlchemy is to raise in the place of the driver's error; None where none of ours fits.

    ``patience`` is for how many seconds one waited for others that wrote.
    """
    original = context.original_exception
    if isinstance(original, sqlite3.Error):
        return _of_sqlite(original, place, patience)
    if type(original).__module__.startswith("psycopg"):
        return _of_postgresql(original, place, patience)
    return None


def os_fault(error: OSError, place: str) -> StorageError:
    """The error to raise where the system refuses a file or a folder."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(path=place)
    return DataUnwritable(path=place, problem=error.strerror or error)


def _of_sqlite(original: sqlite3.Error, place: str, patience: float) -> StorageError | None:
    code = getattr(original, "sqlite_errorcode", None)
    if code is None:
        return None
    # The low byte is the kind of error, the rest says where in SQLite it came up.
    kind = code & 0xFF
    if kind == sqlite3.SQLITE_FULL or code in _LOG_CANNOT_GROW:
        return DiskFull(path=place)
    if kind in _DAMAGED:
        return DamagedDatabase(path=place, problem=original)
    if kind in _UNWRITABLE:
        return DataUnwritable(path=place, problem=original)
    return DatabaseBusy(path=place, seconds=f"{patience:g}") if kind in _WAITED_IN_VAIN else None


def _of_postgresql(original: BaseException, place: str, patience: float) -> StorageError | None:
    state = getattr(original, "sqlstate", None)
    if state is None:
        # The server was never reached: there is no state to tell, only words.
        return DataUnwritable(path=place, problem=original) if type(original).__name__ == "OperationalError" else None
    match state:
        case "53100":
            return DiskFull(path=place)
        case "55P03":
            return DatabaseBusy(path=place, seconds=f"{patience:g}")
        case "XX001" | "XX002":
            return DamagedDatabase(path=place, problem=original)
        case "25006" | "42501" | "53300" | "57P01" | "57P02" | "57P03":
            return DataUnwritable(path=place, problem=original)
        case _:
            return None
