"""The archive in a SQL database. Every method is one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from indexer import rows, statements, tables
from indexer.database import reading, writing
from indexer.ids import fresh_id
from videoqa.errors import RecordingRemoved
from videoqa.events import Chapter, Event, Observation, Passage
from videoqa.media import ZERO, Coverage, CoverageState, Cue, FrameGroup, Progress, Recording, RecordingState, Sampling
from videoqa.ports import Analysis, TimelineChange


class Shelf(Protocol):
    """What makes passages searchable; ``indexer.search.hybrid.HybridSearch`` is one."""

    def shards(self, passages: Sequence[Passage]) -> Mapping[str, bytes]:
        """What is to be kept beside ``passages``, by kind."""
        ...

    def refresh(self) -> None:
        """Takes notice of what was committed."""
        ...


class SqlArchive:
    """Implements ``Archive`` over an engine of ``indexer.database``. ``shelf`` is called where one is needed."""

    def __init__(self, engine: sa.Engine, shelf: Callable[[], Shelf]) -> None:
        self._engine = engine
        self._shelf = shelf

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
    ) -> None:
        known: dict[str, object] = {"length": length, "started_at": started_at}
        told = {name: value for name, value in (("title", title), ("source", source)) if value is not None}
        self._update(recording_id, {**known, **told})

    def set_state(self, recording_id: str, state: RecordingState, problems: Sequence[str] | None = None) -> None:
        known: dict[str, object] = {"state": state.value}
        self._update(recording_id, known if problems is None else {**known, "problems": list(problems)})

    def set_progress(self, recording_id: str, progress: Progress) -> None:
        self._update(recording_id, {"stage": progress.stage, "done": progress.done})

    def progress(self, recording_id: str) -> Progress | None:
        with reading(self._engine) as connection:
            row = statements.first(connection, statements.recording(recording_id))
        return None if row is None or row["stage"] is None else Progress(row["stage"], row["done"])

    def remove(self, recording_id: str) -> None:
        c = tables.recordings.c
        with writing(self._engine) as connection:
            if not connection.execute(tables.recordings.delete().where(c.id == recording_id)).rowcount:
                return
            _change_generation(connection)
        self._shelf().refresh()

    def begin(
        self, recording_id: str, fingerprint: str, sampling: Sampling, length: timedelta, cues: Sequence[Cue]
    ) -> str:
        c = tables.analyses.c
        with writing(self._engine) as connection:
            if statements.first(connection, statements.recording(recording_id)) is None:
                raise RecordingRemoved
            begun = sa.select(tables.analyses).where(c.recording_id == recording_id).order_by(c.begun.desc())
            earlier = statements.every(connection, begun)
            for row in earlier:
                if row["fingerprint"] == fingerprint and not row["finished"]:
                    return str(row["id"])
            analysis_id = fresh_id()
            connection.execute(
                tables.analyses.insert(),
                {
                    "id": analysis_id,
                    "recording_id": recording_id,
                    "begun": earlier[0]["begun"] + 1 if earlier else 0,
                    "fingerprint": fingerprint,
                    "period": sampling.period,
                    "long_side": sampling.long_side,
                    "multiple": sampling.multiple,
                    "times": b"",
                    "next_group": 0,
                    "finished": False,
                },
            )
            statements.insert(connection, tables.cues, analysis_id, (rows.cue_row(*item) for item in enumerate(cues)))
            connection.execute(
                tables.recordings.update().where(tables.recordings.c.id == recording_id), {"length": length}
            )
            return analysis_id

    def set_plan(
        self,
        analysis_id: str,
        times: Sequence[timedelta],
        groups: Sequence[FrameGroup],
        size: tuple[int, int] | None = None,
    ) -> None:
        width, height = size or (None, None)
        plan = {"times": rows.pack_times(times), "width": width, "height": height}
        with writing(self._engine) as connection:
            analysis = _unfinished(connection, analysis_id)
            if analysis["next_group"]:
                raise ValueError(f"analysis {analysis_id} has recorded groups; its plan stands")
            connection.execute(tables.groups.delete().where(tables.groups.c.analysis_id == analysis_id))
            connection.execute(statements.this(tables.analyses, analysis_id), plan)
            statements.insert(connection, tables.groups, analysis_id, (rows.group_row(group) for group in groups))

    def analysis(self, analysis_id: str) -> Analysis | None:
        return self._analysis(tables.analyses.c.id == analysis_id)

    def finished_analysis(self, recording_id: str) -> Analysis | None:
        return self._analysis(tables.analyses.c.recording_id == recording_id, tables.analyses.c.finished)

    def open_events(self, analysis_id: str) -> tuple[Event, ...]:
        return self._events(tables.events.c.analysis_id == analysis_id, tables.events.c.open)

    def record(
        self,
        analysis_id: str,
        number: int,
        observations: Sequence[Observation],
        change: TimelineChange,
        failure: str | None,
    ) -> None:
        c = tables.groups.c
        with writing(self._engine) as connection:
            expected = _unfinished(connection, analysis_id)["next_group"]
            if number < expected:
                return
            if number > expected:
                raise ValueError(f"group {number} was recorded before group {expected}")
            seen = (rows.observation_row(number, *item) for item in enumerate(observations))
            statements.insert(connection, tables.observations, analysis_id, seen)
            _put_events(connection, analysis_id, change)
            if failure is not None:
                group = tables.groups.update().where(c.analysis_id == analysis_id, c.number == number)
                connection.execute(group, {"failure": failure})
            connection.execute(statements.this(tables.analyses, analysis_id), {"next_group": number + 1})

    def failures(self, analysis_id: str) -> dict[int, str]:
        c = tables.groups.c
        with reading(self._engine) as connection:
            failed = sa.select(c.number, c.failure).where(c.analysis_id == analysis_id, c.failure.is_not(None))
            return {row["number"]: row["failure"] for row in statements.every(connection, failed.order_by(c.number))}

    def finish(
        self, analysis_id: str, coverage: Coverage, chapters: Sequence[Chapter], passages: Sequence[Passage]
    ) -> None:
        shelved = self._shelf().shards(passages)
        c = tables.analyses.c
        with writing(self._engine) as connection:
            if (analysis := _one_analysis(connection, analysis_id))["finished"]:
                return
            predecessors = (c.recording_id == analysis["recording_id"], c.begun < analysis["begun"])
            connection.execute(tables.analyses.delete().where(*predecessors))
            covered = (rows.covered_row(*item) for item in enumerate(coverage.spans))
            statements.insert(connection, tables.covered_spans, analysis_id, covered)
            titled = (rows.chapter_row(*item) for item in enumerate(chapters))
            statements.insert(connection, tables.chapters, analysis_id, titled)
            first_passage = (connection.execute(sa.select(sa.func.max(tables.passages.c.id))).scalar() or 0) + 1
            found = (rows.passage_row(*item) for item in enumerate(passages, first_passage))
            statements.insert(connection, tables.passages, analysis_id, found)
            searchable = ({"kind": kind, "data": data} for kind, data in shelved.items())
            statements.insert(connection, tables.shards, analysis_id, searchable)
            connection.execute(
                tables.events.update().where(tables.events.c.analysis_id == analysis_id), {"open": False}
            )
            ended = {
                "finished": True,
                "covered": coverage.length,
                "totals": rows.totals_row(coverage),
                "first_passage": first_passage,
            }
            connection.execute(statements.this(tables.analyses, analysis_id), ended)
            indexed = {"state": RecordingState.INDEXED.value}
            connection.execute(statements.this(tables.recordings, analysis["recording_id"]), indexed)
            _change_generation(connection)
        self._shelf().refresh()

    def events(self, recording_id: str) -> tuple[Event, ...]:
        return self._events(tables.analyses.c.recording_id == recording_id, tables.analyses.c.finished)

    def analysis_events(self, analysis_id: str) -> tuple[Event, ...]:
        return self._events(tables.events.c.analysis_id == analysis_id)

    def analysis_cues(self, analysis_id: str) -> tuple[Cue, ...]:
        with reading(self._engine) as connection:
            return tuple(
                rows.cue(row) for row in statements.every(connection, statements.of_analysis(tables.cues, analysis_id))
            )

    def cues(self, recording_id: str) -> tuple[Cue, ...]:
        with reading(self._engine) as connection:
            return tuple(
                rows.cue(row)
                for row in statements.every(connection, statements.of_recording(recording_id, tables.cues))
            )

    def chapters(self, recording_id: str) -> tuple[Chapter, ...]:
        with reading(self._engine) as connection:
            return tuple(
                rows.chapter(row)
                for row in statements.every(connection, statements.of_recording(recording_id, tables.chapters))
            )

    def coverage(self, recording_id: str) -> Coverage | None:
        c = tables.analyses.c
        with reading(self._engine) as connection:
            finished = statements.first(
                connection, sa.select(tables.analyses).where(c.recording_id == recording_id, c.finished)
            )
            if finished is None:
                return None
            spans = statements.every(connection, statements.of_analysis(tables.covered_spans, finished["id"]))
            return Coverage(finished["covered"], tuple(rows.covered(row) for row in spans))

    def total_coverage(self, recording_ids: Collection[str]) -> Coverage:
        wanted, c = frozenset(recording_ids), tables.recordings.c
        finished = sa.and_(tables.analyses.c.recording_id == c.id, tables.analyses.c.finished)
        select = sa.select(c.id, c.length, tables.analyses.c.covered, tables.analyses.c.totals).join_from(
            tables.recordings, tables.analyses, finished, isouter=True
        )
        length, totals = ZERO, dict.fromkeys(CoverageState, ZERO)
        with reading(self._engine) as connection:
            for row in statements.every(connection, select):
                if row["id"] in wanted:
                    length += row["length"] if row["covered"] is None else row["covered"]
                    for state, total in rows.totals(row).items():
                        totals[state] += total
        return Coverage.of_totals(length, totals)

    def _update(self, recording_id: str, values: Mapping[str, object]) -> None:
        with writing(self._engine) as connection:
            connection.execute(statements.this(tables.recordings, recording_id), values)

    def _analysis(self, *where: sa.ColumnElement[bool]) -> Analysis | None:
        with reading(self._engine) as connection:
            row = statements.first(connection, sa.select(tables.analyses).where(*where))
            if row is None:
                return None
            return rows.analysis(row, statements.every(connection, statements.of_analysis(tables.groups, row["id"])))

    def _events(self, *where: sa.ColumnElement[bool]) -> tuple[Event, ...]:
        c = tables.events.c
        select = sa.select(tables.events, tables.analyses.c.recording_id).join(tables.analyses).where(*where)
        with reading(self._engine) as connection:
            return tuple(rows.event(row) for row in statements.every(connection, select.order_by(c.start, c.end, c.id)))


def _put_events(connection: sa.Connection, analysis_id: str, change: TimelineChange) -> None:
    """Writes every event of ``change`` in its last form, in the place of the one with its id."""
    latest = {event.id: rows.event_row(event, is_open=True) for event in (*change.opened, *change.updated)}
    latest |= {event.id: rows.event_row(event, is_open=False) for event in change.closed}
    c = tables.events.c
    connection.execute(tables.events.delete().where(c.analysis_id == analysis_id, c.id.in_(list(latest))))
    statements.insert(connection, tables.events, analysis_id, latest.values())


def _change_generation(connection: sa.Connection) -> None:
    connection.execute(tables.facts.delete().where(tables.facts.c.name == "generation"))
    connection.execute(tables.facts.insert(), {"name": "generation", "value": secrets.token_hex(8)})


def _unfinished(connection: sa.Connection, analysis_id: str) -> rows.Row:
    analysis = _one_analysis(connection, analysis_id)
    if analysis["finished"]:
        raise ValueError(f"analysis {analysis_id} is finished")
    return analysis


def _one_analysis(connection: sa.Connection, analysis_id: str) -> rows.Row:
    row = statements.first(connection, sa.select(tables.analyses).where(tables.analyses.c.id == analysis_id))
    if row is None:
        raise RecordingRemoved
    return row
