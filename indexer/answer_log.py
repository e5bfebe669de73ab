"""The answers that were given, in a SQL database. Every method is one transaction, but for ``judged``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa

from indexer import rows, statements, tables
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
            connection.execute(tables.answers.insert(), rows.answer_row(given))

    def given(self, answer_id: str) -> GivenAnswer | None:
        with reading(self._engine) as connection:
            row = statements.first(connection, sa.select(tables.answers).where(tables.answers.c.id == answer_id))
        return None if row is None else rows.answer(row)

    def judge(self, answer_id: str, *, right: bool, note: str) -> None:
        with writing(self._engine) as connection:
            judged = statements.this(tables.answers, answer_id)
            if not connection.execute(judged, {"verdict": right, "note": note}).rowcount:
                raise UnknownAnswer(name=answer_id)

    def judged(self) -> Iterator[GivenAnswer]:
        """A few at a time, so that whoever reads them slowly holds no transaction open."""
        c = tables.answers.c
        select = sa.select(tables.answers).where(c.verdict.is_not(None)).order_by(c.asked_at, c.id).limit(_AT_ONCE)
        later = select
        while True:
            with reading(self._engine) as connection:
                found = statements.every(connection, later)
            yield from map(rows.answer, found)
            if len(found) < _AT_ONCE:
                return
            last = sa.tuple_(sa.literal(found[-1]["asked_at"], tables.Instant), sa.literal(found[-1]["id"]))
            later = select.where(sa.tuple_(c.asked_at, c.id) > last)

    def usage(self, owners: Collection[str] | None = None) -> Mapping[str, Usage]:
        c = tables.answers.c
        select = sa.select(c.owner, *statements.spent(tables.answers)).group_by(c.owner)
        if owners is not None:
            select = select.where(c.owner.in_(sorted(owners)))
        with reading(self._engine) as connection:
            return {row["owner"]: rows.usage(row) for row in statements.every(connection, select)}
