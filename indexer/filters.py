"""Which rows are wanted, as conditions in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import sqlalchemy as sa

from indexer import columns, statements, tables
from videoqa.access import Scope
from videoqa.ports import EventFilter, EventPlace, RecordingFilter

Condition = sa.ColumnElement[bool]

FEW = 2000
"""Up to so many are looked up and sorted; among more, one looks through all in their order for the first that fit."""


def recordings(connection: sa.Connection, wanted: RecordingFilter) -> Iterator[Condition]:
    """What is true of the recordings that are wanted."""
    c = tables.recordings.c
    yield from _within(connection, wanted.scope)
    if wanted.ids is not None:
        yield statements.among(c.id, wanted.ids)
    if wanted.title:
        # Not LIKE: SQLite refuses a long pattern.
        yield sa.func.replace(c.folded_title, sa.bindparam(None, wanted.title, columns.Folded), "") != c.folded_title
    if wanted.tag:
        yield _tagged(connection, {wanted.tag})
    if wanted.camera:
        yield c.camera == wanted.camera
    if wanted.state is not None:
        yield c.state == wanted.state.value
    if wanted.owner is not None:
        yield c.owner == wanted.owner
    if wanted.started_from is not None:
        yield c.started_at >= wanted.started_from
    if wanted.started_before is not None:
        yield c.started_at < wanted.started_before
    if wanted.digest:
        yield c.digest == wanted.digest


def events(connection: sa.Connection, wanted: EventFilter, after: EventPlace | None) -> Iterator[Condition]:
    """What is true of the events that are wanted, joined with their analyses and recordings."""
    c = tables.events.c
    yield statements.SHOWN
    yield from _of_recordings(connection, wanted.recordings)
    if wanted.label:
        yield sa.func.lower(c.label) == sa.func.lower(sa.literal(wanted.label, columns.Words))
    if wanted.source is not None:
        yield c.source == wanted.source.value
    if wanted.happened_from is not None or wanted.happened_before is not None:
        yield tables.recordings.c.started_at.is_not(None)
    if wanted.happened_from is not None:
        yield c.at >= wanted.happened_from
    if wanted.happened_before is not None:
        yield c.at < wanted.happened_before
    if after is not None:
        yield sa.tuple_(c.at, c.id) < sa.tuple_(
            sa.literal(after.at, columns.Instant), sa.literal(after.event_id, columns.Name)
        )


def _of_recordings(connection: sa.Connection, wanted: RecordingFilter) -> Iterator[Condition]:
    if wanted == RecordingFilter():
        return
    fit = tuple(recordings(connection, wanted))
    found = connection.execute(sa.select(tables.recordings.c.id).where(*fit).limit(FEW + 1)).scalars().all()
    yield from (tables.analyses.c.recording_id.in_(found),) if len(found) <= FEW else fit


def _within(connection: sa.Connection, scope: Scope) -> Iterator[Condition]:
    if scope.everything:
        return
    reached = list[Condition]()
    if scope.cameras:
        reached.append(tables.recordings.c.camera.in_(sorted(scope.cameras)))
    if scope.tags:
        reached.append(_tagged(connection, scope.tags))
    yield sa.or_(*reached)


def _tagged(connection: sa.Connection, tags: Collection[str]) -> Condition:
    c = tables.recording_tags.c
    carrying = sa.select(c.recording_id).where(c.tag.in_(sorted(tags)))
    if len(connection.execute(carrying.limit(FEW + 1)).all()) <= FEW:
        return tables.recordings.c.id.in_(carrying)
    return carrying.where(c.recording_id == tables.recordings.c.id).correlate(tables.recordings).exists()
