"""The archive in a SQL database. Every method is one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import sqlalchemy as sa

from indexer import live_tables, rows, statements, tables
from indexer.database import reading, writing
from indexer.ids import fresh_id
from indexer.listings import SqlListings
from indexer.recordings import SqlRecordings
from videoqa.errors import RecordingRemoved
from videoqa.events import Chapter, Event, Observation, Passage
from videoqa.media import ZERO, Coverage, CoverageState, CoveredSpan, Cue, FrameGroup, RecordingState, Sampling
from videoqa.ports import Analysis, AnalysisKind, RecordedLook, TimelineChange, Usage


class Shelf(Protocol):
    """What makes passages searchable; ``indexer.search.hybrid.HybridSearch`` is one."""

    def shards(self, passages: Sequence[Passage]) -> Mapping[str, bytes]:
        """What is to be kept beside ``passages``, by kind."""
        ...

    def refresh(self) -> None:
        """Takes notice of what was committed."""
        ...


class SqlArchive(SqlRecordings, SqlListings):
    """Implements ``Archive`` over an engine of ``indexer.database``. ``shelf`` is called where one is needed."""

    def __init__(self, engine: sa.Engine, shelf: Callable[[], Shelf]) -> None:
        super().__init__(engine)
        self._shelf = shelf

    def remove(self, recording_id: str) -> None:
        c = tables.recordings.c
        with writing(self._engine) as connection:
            if not connection.execute(tables.recordings.delete().where(c.id == recording_id)).rowcount:
                return
            of_it = live_tables.alerts.c.recording == recording_id
            connection.execute(live_tables.alerts.update().where(of_it), {"recording": ""})
            _change_generation(connection)
        self._shelf().refresh()

    def begin(
        self,
        recording_id: str,
        fingerprint: str,
        sampling: Sampling,
        length: timedelta,
        cues: Sequence[Cue],
        *,
        kind: AnalysisKind = AnalysisKind.SIGNALS,
        seen_by: str = "signals",
        prompt: str = "",
    ) -> str:
        c = tables.analyses.c
        with writing(self._engine) as connection:
            if statements.first(connection, statements.recording(recording_id)) is None:
                raise RecordingRemoved
            begun = sa.select(tables.analyses).where(c.recording_id == recording_id).order_by(c.begun.desc())
            earlier = statements.every(connection, begun)
            for row in earlier:
                if (row["kind"], row["fingerprint"]) == (kind.value, fingerprint) and not row["finished"]:
                    return str(row["id"])
            analysis_id = fresh_id()
            connection.execute(
                tables.analyses.insert(),
                {
                    "id": analysis_id,
                    "recording_id": recording_id,
                    "begun": earlier[0]["begun"] + 1 if earlier else 0,
                    "fingerprint": fingerprint,
                    "kind": kind.value,
                    "seen_by": seen_by,
                    "prompt": prompt,
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

    def finished_analysis(self, recording_id: str, kind: AnalysisKind = AnalysisKind.SIGNALS) -> Analysis | None:
        return self._analysis(*statements.finished(recording_id, kind))

    def open_events(self, analysis_id: str) -> tuple[Event, ...]:
        return self._events(tables.events.c.analysis_id == analysis_id, tables.events.c.open)

    def record(self, analysis_id: str, number: int, recorded: RecordedLook, change: TimelineChange) -> None:
        c = tables.groups.c
        with writing(self._engine) as connection:
            analysis = _unfinished(connection, analysis_id)
            expected = analysis["next_group"]
            if number < expected:
                return
            if number > expected:
                raise ValueError(f"group {number} was recorded before group {expected}")
            seen = (rows.observation_row(number, *item) for item in enumerate(recorded.look.observations))
            statements.insert(connection, tables.observations, analysis_id, seen)
            _put_events(connection, analysis, change)
            group = tables.groups.update().where(c.analysis_id == analysis_id, c.number == number)
            connection.execute(group, rows.look_row(recorded))
            spent = rows.usage_row(recorded.look.usage)
            added = {name: tables.analyses.c[name] + cost for name, cost in spent.items()}
            counted = statements.this(tables.analyses, analysis_id).values(next_group=number + 1, **added)
            connection.execute(counted)

    def looks(self, analysis_id: str) -> Mapping[int, RecordedLook]:
        c = tables.observations.c
        with reading(self._engine) as connection:
            analysis = statements.first(connection, statements.analysis(analysis_id))
            recorded = 0 if analysis is None else analysis["next_group"]
            seen = sa.select(tables.observations).where(c.analysis_id == analysis_id).order_by(c.group_number, c.number)
            observations: dict[int, list[Observation]] = {}
            for row in statements.every(connection, seen):
                observations.setdefault(row["group_number"], []).append(rows.observation(row))
            groups = statements.every(connection, statements.of_analysis(tables.groups, analysis_id))
        return {
            row["number"]: rows.look(row, observations.get(row["number"], ()))
            for row in groups
            if row["number"] < recorded
        }

    def usage(self, recording_id: str) -> Usage:
        c = tables.analyses.c
        select = sa.select(*(c[name] for name in rows.COSTS)).where(c.recording_id == recording_id).order_by(c.begun)
        with reading(self._engine) as connection:
            return sum((rows.usage(row) for row in statements.every(connection, select)), Usage())

    def finish(
        self, analysis_id: str, coverage: Coverage, chapters: Sequence[Chapter], passages: Sequence[Passage]
    ) -> None:
        shelved = self._shelf().shards(passages)
        c = tables.analyses.c
        with writing(self._engine) as connection:
            if (analysis := _one_analysis(connection, analysis_id))["finished"]:
                return
            predecessors = (
                c.recording_id == analysis["recording_id"],
                c.kind == analysis["kind"],
                c.begun < analysis["begun"],
            )
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
            if analysis["kind"] == AnalysisKind.SIGNALS:
                indexed = {"state": RecordingState.INDEXED.value}
                connection.execute(statements.this(tables.recordings, analysis["recording_id"]), indexed)
            _change_generation(connection)
        self._shelf().refresh()

    def events(self, recording_id: str) -> tuple[Event, ...]:
        return self._events(tables.analyses.c.recording_id == recording_id, statements.SHOWN)

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

    def coverage(self, recording_id: str, kind: AnalysisKind = AnalysisKind.SIGNALS) -> Coverage | None:
        with reading(self._engine) as connection:
            finished = statements.first(
                connection, sa.select(tables.analyses).where(*statements.finished(recording_id, kind))
            )
            if finished is None:
                return None
            spans = statements.every(connection, statements.of_analysis(tables.covered_spans, finished["id"]))
            return Coverage(finished["covered"], tuple(rows.covered(row) for row in spans))

    def coverages(
        self,
        recording_ids: Collection[str],
        kind: AnalysisKind = AnalysisKind.SIGNALS,
        state: CoverageState | None = None,
    ) -> Mapping[str, Coverage]:
        c, span = tables.analyses.c, tables.covered_spans
        wanted = (statements.among(c.recording_id, frozenset(recording_ids)), c.kind == kind.value, c.finished)
        finished = sa.select(c.recording_id, c.id, c.covered).where(*wanted)
        inside = sa.select(span).join(tables.analyses).where(*wanted).order_by(span.c.analysis_id, span.c.number)
        if state is not None:
            inside = inside.where(span.c.state == state.value)
        spans: dict[str, list[CoveredSpan]] = {}
        with reading(self._engine) as connection:
            for row in statements.every(connection, inside):
                spans.setdefault(row["analysis_id"], []).append(rows.covered(row))
            return {
                row["recording_id"]: Coverage(row["covered"], tuple(spans.get(row["id"], ())))
                for row in statements.every(connection, finished)
            }

    def total_coverage(self, recording_ids: Collection[str], kind: AnalysisKind = AnalysisKind.SIGNALS) -> Coverage:
        wanted, c, analysis = sorted(frozenset(recording_ids)), tables.recordings.c, tables.analyses.c
        lengths = statements.total(sa.func.coalesce(analysis.covered, c.length))
        states = [statements.total(statements.number(analysis.totals, state)) for state in CoverageState]
        added_up = sa.select(lengths, *states).join_from(
            tables.recordings, tables.analyses, sa.and_(*statements.finished(c.id, kind)), isouter=True
        )
        sums = [ZERO] * (1 + len(states))
        with reading(self._engine) as connection:
            for first in range(0, len(wanted), statements.MOST_PARAMETERS):
                some = wanted[first : first + statements.MOST_PARAMETERS]
                (row,) = connection.execute(added_up.where(statements.among(c.id, some)))
                sums = [so_far + more for so_far, more in zip(sums, row, strict=True)]
        length, *totals = sums
        return Coverage.of_totals(length, dict(zip(CoverageState, totals, strict=True)))

    def _analysis(self, *where: sa.ColumnElement[bool]) -> Analysis | None:
        with reading(self._engine) as connection:
            row = statements.first(connection, sa.select(tables.analyses).where(*where))
            if row is None:
                return None
            return rows.analysis(row, statements.every(connection, statements.of_analysis(tables.groups, row["id"])))

    def _events(self, *where: sa.ColumnElement[bool]) -> tuple[Event, ...]:
        c = tables.events.c
        analysis = tables.analyses.c
        select = sa.select(tables.events, analysis.recording_id, analysis.seen_by).join(tables.analyses).where(*where)
        with reading(self._engine) as connection:
            return tuple(rows.event(row) for row in statements.every(connection, select.order_by(c.start, c.end, c.id)))


def _put_events(connection: sa.Connection, analysis: rows.Row, change: TimelineChange) -> None:
    """Writes every event of ``change`` in its last form, in the place of the one with its id."""
    c, analysis_id = tables.events.c, str(analysis["id"])
    recording = statements.only(connection, statements.recording(analysis["recording_id"]))
    began = recording["started_at"] or recording["added_at"]
    latest = {event.id: rows.event_row(event, began, is_open=True) for event in (*change.opened, *change.updated)}
    latest |= {event.id: rows.event_row(event, began, is_open=False) for event in change.closed}
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
    row = statements.first(connection, statements.analysis(analysis_id))
    if row is None:
        raise RecordingRemoved
    return row
