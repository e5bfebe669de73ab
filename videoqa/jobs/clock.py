"""Gives an older SQLite the clock that the workflow engine asks for in its tables."""

from __future__ import annotations

import sqlite3
import time

from sqlalchemy import event
from sqlalchemy.engine import Engine

_KNOWS_SUBSECONDS = (3, 42)


def give_clock() -> None:
    """From now on ``unixepoch('subsec')`` has a value on every connection of SQLAlchemy.

    On Python 3.12 and later the engine stamps its rows with it, and SQLite before 3.42 (Debian 12 has 3.40) says NULL.
    """
    if sqlite3.sqlite_version_info < _KNOWS_SUBSECONDS and not event.contains(Engine, "connect", _give):
        event.listen(Engine, "connect", _give)


def _give(connection: object, _: object) -> None:
    # Whole seconds: times a thousand they stay an integer, which is what the engine's columns hold.
    driver = getattr(connection, "driver_connection", connection)
    if isinstance(driver, sqlite3.Connection):
        driver.create_function("unixepoch", 1, lambda _: int(time.time()))
