"""How much there is, counted by the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from indexer import tables
from indexer.database import reading


def census(engine: sa.Engine) -> tuple[Mapping[str, int], timedelta]:
    """How many recordings are in which state, and how long all of them are together."""
    c = tables.recordings.c
    # PostgreSQL's sum of whole numbers is of another type than they are.
    length = sa.cast(sa.func.sum(c.length), sa.BigInteger)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(c.state, sa.func.count(), length).group_by(c.state)).all()
    return {state: count for state, count, _ in rows}, timedelta(microseconds=sum(row[2] for row in rows))
