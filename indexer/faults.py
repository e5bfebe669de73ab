"""What a database complains of, in our own errors."""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.engine.interfaces import ExceptionContext

from videoqa.errors import DamagedDatabase, DataUnwritable, DiskFull, StorageError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}
_WAITED_IN_VAIN = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def name_fault(context: ExceptionContext, place: str) -> StorageError | None:
    """What SQLAlchemy is to raise in the place of the driver's error; None where none of ours fits."""
    original = context.original_exception
    if isinstance(original, sqlite3.Error):
        return _of_sqlite(original, place)
    if type(original).__module__.startswith("psycopg"):
        return _of_postgresql(original, place)
    return None


def os_fault(error: OSError, place: str) -> StorageError:
    """The error to raise where the system refuses a file or a folder."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(path=place)
    return DataUnwritable(path=place, problem=error.strerror or error)


def _of_sqlite(original: sqlite3.Error, place: str) -> StorageError | None:
    code = getattr(original, "sqlite_errorcode", None)
    if code is None:
        return None
    # The low byte is the kind of error, the rest says where in SQLite it came up.
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return DiskFull(path=place)
        case kind if kind in _DAMAGED:
            return DamagedDatabase(path=place, problem=original)
        case kind if kind in _UNWRITABLE:
            return DataUnwritable(path=place, problem=original)
        case kind if kind in _WAITED_IN_VAIN:
            return DataUnwritable(path=place, problem="another process has held it for a minute")
        case _:
            return None


def _of_postgresql(original: BaseException, place: str) -> StorageError | None:
    state = getattr(original, "sqlstate", None)
    if state is None:
        # The server was never reached: there is no state to tell, only words.
        return DataUnwritable(path=place, problem=original) if type(original).__name__ == "OperationalError" else None
    match state:
        case "53100":
            return DiskFull(path=place)
        case "XX001" | "XX002":
            return DamagedDatabase(path=place, problem=original)
        case "25006" | "42501" | "53300" | "57P01" | "57P02" | "57P03":
            return DataUnwritable(path=place, problem=original)
        case _:
            return None
