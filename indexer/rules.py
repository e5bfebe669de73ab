"""Rules in a SQL database. Every method is one transaction."""

from __future__ import annotations

import sqlalchemy as sa

from indexer import live_rows, live_tables, statements
from indexer.database import reading, writing
from videoqa.alerts import AlertRule
from videoqa.errors import RuleTaken, UnknownRule


class SqlRules:
    """Implements ``Rules`` over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, rule: AlertRule) -> None:
        with writing(self._engine) as connection:
            _check_free(connection, rule)
            connection.execute(live_tables.rules.insert(), live_rows.rule_row(rule))

    def rules(self) -> tuple[AlertRule, ...]:
        with reading(self._engine) as connection:
            found = statements.every(connection, sa.select(live_tables.rules))
        return tuple(sorted(map(live_rows.rule, found), key=lambda rule: (rule.name, rule.id)))

    def rule(self, name_or_id: str) -> AlertRule | None:
        with reading(self._engine) as connection:
            row = statements.called(connection, live_tables.rules, name_or_id)
        return None if row is None else live_rows.rule(row)

    def change(self, rule: AlertRule) -> None:
        with writing(self._engine) as connection:
            _check_free(connection, rule)
            if not connection.execute(statements.this(live_tables.rules, rule.id), live_rows.rule_row(rule)).rowcount:
                raise UnknownRule(name=rule.name)

    def remove(self, rule_id: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(live_tables.rules.delete().where(live_tables.rules.c.id == rule_id))


def _check_free(connection: sa.Connection, rule: AlertRule) -> None:
    c = live_tables.rules.c
    others = sa.select(c.id).where(c.id != rule.id, sa.or_(c.name == rule.name, c.id == rule.name))
    if statements.first(connection, others) is not None:
        raise RuleTaken(name=rule.name)
