"""Webhooks in a SQL database. Every method is one transaction."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from indexer import live_rows, live_tables, statements
from indexer.database import reading, writing
from videoqa.ports import Webhook


class SqlWebhooks:
    """Implements ``Webhooks`` over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, webhook: Webhook) -> None:
        with writing(self._engine) as connection:
            connection.execute(live_tables.webhooks.insert(), live_rows.webhook_row(webhook))

    def webhooks(self) -> tuple[Webhook, ...]:
        c = live_tables.webhooks.c
        with reading(self._engine) as connection:
            found = statements.every(connection, sa.select(live_tables.webhooks).order_by(c.added_at, c.id))
        return tuple(map(live_rows.webhook, found))

    def change(self, webhook_id: str, *, enabled: bool) -> None:
        self._update(webhook_id, {"enabled": enabled})

    def tried(self, webhook_id: str, delivered: int, failures: int, problem: str, tried_at: datetime) -> None:
        told = {"delivered": delivered, "failures": failures, "problem": problem, "tried_at": tried_at}
        self._update(webhook_id, told)

    def remove(self, webhook_id: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(live_tables.webhooks.delete().where(live_tables.webhooks.c.id == webhook_id))

    def _update(self, webhook_id: str, values: dict[str, object]) -> None:
        with writing(self._engine) as connection:
            connection.execute(statements.this(live_tables.webhooks, webhook_id), values)
