"""The statements the archive is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from indexer import rows, tables
from videoqa.events import Passage
from videoqa.ports import AnalysisKind


def recording(recording_id: str) -> sa.Select[Any]:
    return sa.select(tables.recordings).where(tables.recordings.c.id == recording_id)


def analysis(analysis_id: str) -> sa.Select[Any]:
    return sa.select(tables.analyses).where(tables.analyses.c.id == analysis_id)


def finished(
    recording_id: str | sa.ColumnElement[str], kind: AnalysisKind = AnalysisKind.SIGNALS
) -> tuple[sa.ColumnElement[bool], ...]:
    """What is true of the finished analysis of ``kind`` of the recording, and of no other."""
    c = tables.analyses.c
    return c.recording_id == recording_id, c.kind == kind.value, c.finished


def this(table: sa.Table, row_id: str) -> sa.Update:
    return table.update().where(table.c.id == row_id)


def of_analysis(table: sa.Table, analysis_id: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c.analysis_id == analysis_id).order_by(table.c.number)


def of_recording(recording_id: str, table: sa.Table) -> sa.Select[Any]:
    """The rows of ``table`` that belong to the recording's finished analysis by signals, in order."""
    return sa.select(table).join(tables.analyses).where(*finished(recording_id)).order_by(table.c.number)


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
