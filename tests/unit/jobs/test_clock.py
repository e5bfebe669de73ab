"""The workflow engine's tables ask SQLite for a clock that an older one lacks."""

from __future__ import annotations

import time

from sqlalchemy import create_engine, text

from videoqa.jobs.clock import give_clock


def test_every_sqlite_tells_the_time_in_the_words_of_the_workflow_engine() -> None:
    give_clock()
    give_clock()
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("CREATE TABLE t (a, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"))
        connection.execute(text("INSERT INTO t (a) VALUES (1)"))
        stamp = connection.execute(text("SELECT at FROM t")).scalar_one()
    assert abs(stamp / 1000 - time.time()) < 5
