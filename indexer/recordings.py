"""The recordings of a SQL database. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from indexer import rows, statements, tables
from indexer.database import reading, writing
from indexer.ids import fresh_id
from videoqa.media import Progress, Recording, RecordingState


class SqlRecordings:
    """What ``Archive`` knows of recordings themselves, over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, recording: Recording) -> Recording:
        with writing(self._engine) as connection:
            known = statements.first(
                connection, sa.select(tables.recordings).where(tables.recordings.c.digest == recording.digest)
            )
            if known is not None:
                return rows.recording(known)
            row = rows.recording_row(recording)
            if not recording.id or statements.first(connection, statements.recording(recording.id)) is not None:
                row["id"] = fresh_id()
            connection.execute(tables.recordings.insert(), row)
            return rows.recording(statements.only(connection, statements.recording(str(row["id"]))))

    def recordings(self) -> tuple[Recording, ...]:
        with reading(self._engine) as connection:
            found = [rows.recording(row) for row in statements.every(connection, sa.select(tables.recordings))]
        return tuple(sorted(found, key=lambda recording: (recording.title, recording.id)))

    def recording(self, recording_id: str) -> Recording | None:
        with reading(self._engine) as connection:
            row = statements.first(connection, statements.recording(recording_id))
        return None if row is None else rows.recording(row)

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
        known: dict[str, object] = {"length": length, "started_at": started_at}
        told = {
            name: value
            for name, value in (("title", title), ("source", source), ("prompt", prompt))
            if value is not None
        }
        self._update(recording_id, {**known, **told})

    def amend(
        self,
        recording_id: str,
        *,
        title: str | None = None,
        started_at: datetime | None = None,
        prompt: str | None = None,
    ) -> None:
        said = {"title": title, "started_at": started_at, "prompt": prompt}
        told = {name: value for name, value in said.items() if value is not None}
        if told:
            self._update(recording_id, told)

    def set_state(self, recording_id: str, state: RecordingState, problems: Sequence[str] | None = None) -> None:
        known: dict[str, object] = {"state": state.value}
        self._update(recording_id, known if problems is None else {**known, "problems": list(problems)})

    def set_progress(self, recording_id: str, progress: Progress) -> None:
        self._update(recording_id, {"stage": progress.stage, "done": progress.done})

    def progress(self, recording_id: str) -> Progress | None:
        with reading(self._engine) as connection:
            row = statements.first(connection, statements.recording(recording_id))
        return None if row is None or row["stage"] is None else Progress(row["stage"], row["done"])

    def _update(self, recording_id: str, values: Mapping[str, object]) -> None:
        with writing(self._engine) as connection:
            connection.execute(statements.this(tables.recordings, recording_id), values)
