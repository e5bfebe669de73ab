"""Adds lines to the alert log, in the transaction that it is handed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from indexer import alert_rows, live_tables
from videoqa.alerts import Notice, NoticeKind

News = tuple[NoticeKind, alert_rows.Told]
"""What there is to be told."""
_COUNTER = "notices"


def note(connection: sa.Connection, told: Sequence[News], tags: Sequence[str] = ()) -> tuple[Notice, ...]:
    """Adds a notice for each; ``tags`` are those of ``Notice``."""
    if not told:
        return ()
    c = live_tables.counters.c
    mine = c.name == _COUNTER
    counted = live_tables.counters.update().where(mine).values(value=c.value + len(told))
    if not connection.execute(counted).rowcount:
        connection.execute(live_tables.counters.insert(), {"name": _COUNTER, "value": len(told)})
    first, now = last_seq(connection) - len(told) + 1, datetime.now(UTC)
    noted = [alert_rows.notice_row(seq, kind, now, each, tags) for seq, (kind, each) in enumerate(told, first)]
    connection.execute(live_tables.notices.insert(), noted)
    return tuple(alert_rows.notice(**row) for row in noted)


def last_seq(connection: sa.Connection) -> int:
    c = live_tables.counters.c
    return connection.execute(sa.select(c.value).where(c.name == _COUNTER)).scalar() or 0
