"""The recordings of a SQL database. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from indexer import columns, rows, statements, tables
from indexer.database import reading, writing
from indexer.ids import fresh_id
from videoqa.media import Progress, Recording, RecordingState

# Asked for with every request about a recording: to make a statement takes as long as to carry it out.
_WANTED = sa.bindparam("wanted", type_=tables.recordings.c.id.type)
_RECORDING = sa.select(tables.recordings).where(tables.recordings.c.id == _WANTED)
_TAGS = sa.select(tables.recording_tags.c.tag).where(tables.recording_tags.c.recording_id == _WANTED)


class SqlRecordings:
    """What ``Archive`` knows of recordings themselves, over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, recording: Recording) -> Recording:
        c = tables.recordings.c
        same = sa.select(tables.recordings).where(c.digest == recording.digest, c.space == recording.space)
        with writing(self._engine) as connection:
            known = statements.every(connection, same)
            if not known:
                row = rows.recording_row(recording) | {"added_at": recording.added_at or datetime.now(UTC)}
                if not recording.id or statements.first(connection, statements.recording(recording.id)) is not None:
                    row["id"] = fresh_id()
                connection.execute(tables.recordings.insert(), row)
                statements.tag(connection, str(row["id"]), recording.tags)
                known = statements.every(connection, statements.recording(str(row["id"])))
            [added] = statements.tagged(connection, known)
            return added

    def recordings(self) -> tuple[Recording, ...]:
        with reading(self._engine) as connection:
            found = statements.every(connection, sa.select(tables.recordings))
            known = statements.tagged(connection, found)
        return tuple(sorted(known, key=lambda recording: (recording.title, recording.id)))

    def recording(self, recording_id: str) -> Recording | None:
        with reading(self._engine) as connection:
            found = connection.execute(_RECORDING, {"wanted": recording_id}).mappings().first()
            tags = connection.execute(_TAGS, {"wanted": recording_id}).scalars() if found is not None else ()
            return None if found is None else rows.recording(found, tags)

    def tag(self, recording_id: str, tags: Collection[str]) -> None:
        c = tables.recording_tags.c
        with writing(self._engine) as connection:
            connection.execute(tables.recording_tags.delete().where(c.recording_id == recording_id))
            if statements.first(connection, statements.recording(recording_id)) is not None:
                statements.tag(connection, recording_id, tags)

    def describe(
        self,
        recording_id: str,
        *,
        length: timedelta,
        started_at: datetime | None,
        title: str | None = None,
        source: str | None = None,
        prompt: str | None = None,
    ) -> None:
        told = {"title": title, "source": source, "prompt": prompt}
        self._tell(recording_id, {"length": length, "started_at": started_at}, told)

    def amend(
        self,
        recording_id: str,
        *,
        title: str | None = None,
        started_at: datetime | None = None,
        prompt: str | None = None,
    ) -> None:
        self._tell(recording_id, {}, {"title": title, "started_at": started_at, "prompt": prompt})

    def set_state(self, recording_id: str, state: RecordingState, problems: Sequence[str] | None = None) -> None:
        known: dict[str, object] = {"state": state.value}
        self._update(recording_id, known if problems is None else {**known, "problems": list(problems)})

    def close(self, recording_id: str, *, length: timedelta, digest: str) -> None:
        c = tables.recordings.c
        with writing(self._engine) as connection:
            under_way = (c.id == recording_id, c.state == RecordingState.RECORDING.value)
            row = statements.first(connection, sa.select(c.space).where(*under_way))
            if row is None:
                return
            space = row["space"]
            twin = (c.id != recording_id, c.digest == digest, c.space == space)
            if statements.first(connection, sa.select(c.id).where(*twin)) is not None:
                space = f"{space}\n{recording_id}"
            known = {"length": length, "digest": digest, "space": space, "state": RecordingState.QUEUED.value}
            connection.execute(statements.this(tables.recordings, recording_id), known)

    def set_progress(self, recording_id: str, progress: Progress) -> None:
        self._update(recording_id, {"stage": progress.stage, "done": progress.done})

    def progress(self, recording_id: str) -> Progress | None:
        with reading(self._engine) as connection:
            row = statements.first(connection, statements.recording(recording_id))
        return None if row is None or row["stage"] is None else Progress(row["stage"], row["done"])

    def _tell(self, recording_id: str, known: Mapping[str, object], told: Mapping[str, object]) -> None:
        """Writes down ``known``, and of ``told`` what is not None, with all that follows from it."""
        news = {**known, **{name: value for name, value in told.items() if value is not None}}
        if "title" in news:
            news["folded_title"] = news["title"]
        with writing(self._engine) as connection:
            before = statements.first(connection, statements.recording(recording_id))
            if before is None or not news:
                return
            connection.execute(statements.this(tables.recordings, recording_id), news)
            after = statements.only(connection, statements.recording(recording_id))
            if before["started_at"] != after["started_at"]:
                _move_events(connection, recording_id, after["started_at"] or after["added_at"])

    def _update(self, recording_id: str, values: Mapping[str, object]) -> None:
        with writing(self._engine) as connection:
            connection.execute(statements.this(tables.recordings, recording_id), values)


def _move_events(connection: sa.Connection, recording_id: str, began: datetime) -> None:
    """Has the events of the recording begin where they do, now that it is known to have begun then."""
    c = tables.events.c
    analyses = sa.select(tables.analyses.c.id).where(tables.analyses.c.recording_id == recording_id)
    began_at = sa.literal((began - columns.EPOCH) // columns.MICROSECOND, sa.BigInteger)
    happened = began_at + sa.type_coerce(c.start, sa.BigInteger)
    connection.execute(tables.events.update().where(c.analysis_id.in_(analyses)).values(at=happened))
