"""The statements the archive is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from indexer import columns, rows, tables
from videoqa.events import Passage
from videoqa.media import Recording
from videoqa.ports import AnalysisKind

MOST_PARAMETERS = 5000
SHOWN = sa.or_(tables.analyses.c.finished, tables.analyses.c.kind == AnalysisKind.RULES.value)
"""What is true of the analyses whose events are shown: an alert's event is, while its recording is under way."""


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


def spent(table: sa.Table) -> list[sa.Label[Any]]:
    """What the rows cost, added up. PostgreSQL's sum of whole numbers is of another type than they are."""
    sums = {name: sa.func.coalesce(sa.func.sum(table.c[name]), 0) for name in rows.COSTS}
    return [sa.cast(total, table.c[name].type).label(name) for name, total in sums.items()]


def total(lengths: sa.ColumnElement[Any]) -> sa.ColumnElement[timedelta]:
    """Stretches of time, kept in microseconds, added up."""
    return sa.cast(sa.func.coalesce(sa.func.sum(sa.cast(lengths, sa.BigInteger)), 0), columns.Microseconds)


def number(document: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[Any]:
    """The number of that name in a JSON object; no narrower than it may be."""
    return sa.cast(document[name].as_string(), sa.BigInteger)


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


def called(connection: sa.Connection, table: sa.Table, name_or_id: str) -> rows.Row | None:
    """The row of the id ``name_or_id``, or else the one of that name."""
    c = table.c
    found = every(connection, sa.select(table).where(sa.or_(c.id == name_or_id, c.name == name_or_id)))
    return min(found, key=lambda row: bool(row["id"] != name_or_id), default=None)


def every(connection: sa.Connection, select: sa.Executable) -> Sequence[rows.Row]:
    return connection.execute(select).mappings().all()


def first(connection: sa.Connection, select: sa.Executable) -> rows.Row | None:
    return connection.execute(select).mappings().first()


def only(connection: sa.Connection, select: sa.Executable) -> rows.Row:
    return connection.execute(select).mappings().one()


def among(column: sa.ColumnElement[str], ids: Collection[str]) -> sa.ColumnElement[bool]:
    """What is true where ``column`` is one of ``ids``, however many they are."""
    # No database takes more than some ten thousand parameters; more are written into the statement.
    many = len(ids) > MOST_PARAMETERS
    return column.in_(sa.bindparam(None, sorted(ids), columns.Name, expanding=True, literal_execute=many))


def tagged(connection: sa.Connection, found: Sequence[rows.Row]) -> tuple[Recording, ...]:
    """The recordings of the rows ``found``, in that order, with their tags."""
    c = tables.recording_tags.c
    select = sa.select(c.recording_id, c.tag)
    if len(found) <= MOST_PARAMETERS:
        select = select.where(among(c.recording_id, [row["id"] for row in found]))
    tags: dict[str, list[str]] = {}
    for recording_id, tag in connection.execute(select) if found else ():
        tags.setdefault(recording_id, []).append(tag)
    return tuple(rows.recording(row, tags.get(row["id"], ())) for row in found)


def tag(connection: sa.Connection, recording_id: str, tags: Iterable[str]) -> None:
    """Gives the recording these tags beside those it has."""
    told = sorted({columns.Words.kept(tag) for tag in tags})
    if told:
        named = [{"recording_id": recording_id, "tag": tag} for tag in told]
        connection.execute(tables.recording_tags.insert(), named)


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
