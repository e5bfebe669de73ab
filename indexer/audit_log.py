"""Who did what, in a SQL database. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from indexer import service_rows, service_tables, statements
from indexer.database import reading, writing
from videoqa.ports import Deed


class SqlAuditLog:
    """Implements ``AuditLog`` over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def write(self, deed: Deed) -> None:
        with writing(self._engine) as connection:
            connection.execute(service_tables.deeds.insert(), service_rows.deed_row(deed))

    def deeds(self, before: datetime | None = None, limit: int = 100) -> Sequence[Deed]:
        """The youngest first. Deeds of one instant are not parted: a page goes on to the end of its last one."""
        c = service_tables.deeds.c
        earlier = sa.true() if before is None else c.at < before
        last = sa.select(c.at).where(earlier).order_by(c.at.desc()).offset(limit - 1).limit(1).scalar_subquery()
        page = sa.select(service_tables.deeds).where(earlier, sa.or_(last.is_(None), c.at >= last))
        with reading(self._engine) as connection:
            found = statements.every(connection, page.order_by(c.at.desc(), c.number.desc()))
        return tuple(service_rows.deed(row) for row in found)
