"""Lists of what a SQL database holds, a page at a time. Every method is one transaction."""

from __future__ import annotations

import sqlalchemy as sa

from indexer import columns, filters, rows, statements, tables
from indexer.database import reading
from videoqa.errors import UnknownRecording
from videoqa.events import Usage
from videoqa.media import Recording
from videoqa.ports import EventFilter, EventPlace, FoundEvent, OwnerUsage, RecordingFilter, RecordingUsage


class SqlListings:
    """What ``Archive`` lists of many recordings, over an engine of ``indexer.database``.

    Pages are found by the place where the last one ended, never by counting: the last is as quick as the first.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def page(self, wanted: RecordingFilter, after: str | None = None, limit: int = 50) -> tuple[Recording, ...]:
        c = tables.recordings.c
        with reading(self._engine) as connection:
            select = sa.select(tables.recordings).where(*filters.recordings(connection, wanted))
            if after is not None:
                last = statements.first(connection, statements.recording(after))
                if last is None:
                    raise UnknownRecording(name=after)
                place = sa.tuple_(sa.literal(last["added_at"], columns.Instant), sa.literal(after))
                select = select.where(sa.tuple_(c.added_at, c.id) < place)
            found = statements.every(connection, select.order_by(c.added_at.desc(), c.id.desc()).limit(limit))
            return statements.tagged(connection, found)

    def ids(self, wanted: RecordingFilter) -> frozenset[str]:
        with reading(self._engine) as connection:
            select = sa.select(tables.recordings.c.id).where(*filters.recordings(connection, wanted))
            return frozenset(connection.execute(select).scalars())

    def usages(self, wanted: RecordingFilter, after: str | None = None, limit: int = 50) -> tuple[RecordingUsage, ...]:
        c = tables.recordings.c
        select = (
            sa.select(c.id, c.owner, c.length, *statements.spent(tables.analyses))
            .join_from(tables.recordings, tables.analyses, isouter=True)
            .group_by(c.id)
            .order_by(c.id)
            .limit(limit)
        )
        if after is not None:
            select = select.where(c.id > after)
        with reading(self._engine) as connection:
            select = select.where(*filters.recordings(connection, wanted))
            return tuple(
                RecordingUsage(row["id"], row["owner"], row["length"], rows.usage(row))
                for row in statements.every(connection, select)
            )

    def owners(self, wanted: RecordingFilter) -> tuple[OwnerUsage, ...]:
        c = tables.recordings.c
        # A recording has several analyses: joined with them, its length would count for each.
        lengths = sa.select(c.owner, sa.cast(sa.func.sum(c.length), c.length.type).label("length")).group_by(c.owner)
        costs = (
            sa.select(c.owner, *statements.spent(tables.analyses))
            .join_from(tables.recordings, tables.analyses)
            .group_by(c.owner)
        )
        with reading(self._engine) as connection:
            fit = tuple(filters.recordings(connection, wanted))
            spent = {row["owner"]: rows.usage(row) for row in statements.every(connection, costs.where(*fit))}
            return tuple(
                OwnerUsage(row["owner"], row["length"], spent.get(row["owner"], Usage()))
                for row in sorted(statements.every(connection, lengths.where(*fit)), key=lambda row: str(row["owner"]))
            )

    def find_events(
        self, wanted: EventFilter, after: EventPlace | None = None, limit: int = 50
    ) -> tuple[FoundEvent, ...]:
        c, analysis = tables.events.c, tables.analyses.c
        select = (
            sa.select(tables.events, analysis.recording_id, analysis.seen_by)
            .join_from(tables.events, tables.analyses)
            .join(tables.recordings)
            .order_by(c.at.desc(), c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            select = select.where(*filters.events(connection, wanted, after))
            found = statements.every(connection, select)
            named = statements.among(tables.recordings.c.id, {row["recording_id"] for row in found})
            of = sa.select(tables.recordings).where(named)
            recordings = {each.id: each for each in statements.tagged(connection, statements.every(connection, of))}
        return tuple(FoundEvent(recordings[row["recording_id"]], rows.event(row)) for row in found)
