"""The answers that were given, in a SQL database. Every method is one transaction, but for ``judged``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa

from indexer import columns, rows, service_rows, service_tables, statements
from indexer.database import reading, writing
from videoqa.errors import UnknownAnswer
from videoqa.ports import GivenAnswer, Usage

_AT_ONCE = 200


class SqlAnswerLog:
    """Implements ``AnswerLog`` over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, given: GivenAnswer) -> None:
        with writing(self._engine) as connection:
            connection.execute(service_tables.answers.insert(), service_rows.answer_row(given))

    def given(self, answer_id: str) -> GivenAnswer | None:
        with reading(self._engine) as connection:
            row = statements.first(
                connection, sa.select(service_tables.answers).where(service_tables.answers.c.id == answer_id)
            )
        return None if row is None else service_rows.answer(row)

    def judge(self, answer_id: str, *, right: bool, note: str) -> None:
        with writing(self._engine) as connection:
            judged = statements.this(service_tables.answers, answer_id)
            if not connection.execute(judged, {"verdict": right, "note": note}).rowcount:
                raise UnknownAnswer(name=answer_id)

    def judged(self) -> Iterator[GivenAnswer]:
        """A few at a time, so that whoever reads them slowly holds no transaction open."""
        c = service_tables.answers.c
        select = (
            sa.select(service_tables.answers).where(c.verdict.is_not(None)).order_by(c.asked_at, c.id).limit(_AT_ONCE)
        )
        later = select
        while True:
            with reading(self._engine) as connection:
                found = statements.every(connection, later)
            yield from map(service_rows.answer, found)
            if len(found) < _AT_ONCE:
                return
            last = sa.tuple_(sa.literal(found[-1]["asked_at"], columns.Instant), sa.literal(found[-1]["id"]))
            later = select.where(sa.tuple_(c.asked_at, c.id) > last)

    def usage(self, owners: Collection[str] | None = None) -> Mapping[str, Usage]:
        c = service_tables.answers.c
        select = sa.select(c.owner, *statements.spent(service_tables.answers)).group_by(c.owner)
        if owners is not None:
            select = select.where(c.owner.in_(sorted(owners)))
        with reading(self._engine) as connection:
            return {row["owner"]: rows.usage(row) for row in statements.every(connection, select)}
