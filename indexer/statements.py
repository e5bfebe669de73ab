"""The statements the archive is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from indexer import rows, tables
from videoqa.events import Passage


def recording(recording_id: str) -> sa.Select[Any]:
    return sa.select(tables.recordings).where(tables.recordings.c.id == recording_id)


def this(table: sa.Table, row_id: str) -> sa.Update:
    return table.update().where(table.c.id == row_id)


def of_analysis(table: sa.Table, analysis_id: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c.analysis_id == analysis_id).order_by(table.c.number)


def of_recording(recording_id: str, table: sa.Table) -> sa.Select[Any]:
    """The rows of ``table`` that belong to the finished analysis of the recording, in order."""
    c = tables.analyses.c
    return (
        sa.select(table)
        .join(tables.analyses)
        .where(c.recording_id == recording_id, c.finished)
        .order_by(table.c.number)
    )


def insert(connection: sa.Connection, table: sa.Table, analysis_id: str, values: Iterable[dict[str, Any]]) -> None:
    if numbered := [{"analysis_id": analysis_id, **row} for row in values]:
        connection.execute(table.insert(), numbered)


def every(connection: sa.Connection, select: sa.Executable) -> Sequence[rows.Row]:
    return connection.execute(select).mappings().all()


def first(connection: sa.Connection, select: sa.Executable) -> rows.Row | None:
    return connection.execute(select).mappings().first()


def only(connection: sa.Connection, select: sa.Executable) -> rows.Row:
    return connection.execute(select).mappings().one()


def passages_of(connection: sa.Connection, analysis_id: str) -> tuple[Passage, ...]:
    """The passages of an analysis, in order."""
    c = tables.passages.c
    select = (
        sa.select(tables.passages, tables.analyses.c.recording_id)
        .join(tables.analyses)
        .where(c.analysis_id == analysis_id)
        .order_by(c.id)
    )
    return tuple(rows.passage(row) for row in every(connection, select))
