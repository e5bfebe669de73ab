"""Writes down what became of alerts and cameras, in the transaction it is handed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sqlalchemy as sa

from indexer import alert_rows, live_tables, rows, statements, tables
from indexer.cameras import is_there, put_gap, put_status
from indexer.notices import News
from videoqa.alerts import Alert, AlertState, NoticeKind
from videoqa.cameras import CameraStatus, Gap
from videoqa.events import Event
from videoqa.ports import AlertChange, AnalysisKind


def put(connection: sa.Connection, change: AlertChange | CameraStatus | Gap) -> Iterator[News]:
    """Writes the change down, and gives what there is to be told of it.

    Of a camera that is not there nothing is, and what ended with it stays so: whoever watched it has not noticed yet.
    """
    match change:
        case AlertChange():
            yield from _put_alert(connection, change)
        case CameraStatus():
            if is_there(connection, change.camera) and put_status(connection, change):
                yield NoticeKind.CAMERA_STATUS, change
        case Gap():
            if is_there(connection, change.camera) and put_gap(connection, change):
                yield NoticeKind.GAP, change


def keep(connection: sa.Connection, alert: Alert) -> Alert:
    """Puts it in the place of the one with its id; as it is kept."""
    connection.execute(statements.this(live_tables.alerts, alert.id), alert_rows.alert_row(alert))
    row = alert_of(connection, alert.id)
    assert row is not None
    return alert_rows.alert(row)


def alert_of(connection: sa.Connection, alert_id: str) -> rows.Row | None:
    return statements.first(connection, sa.select(live_tables.alerts).where(live_tables.alerts.c.id == alert_id))


def _put_alert(connection: sa.Connection, change: AlertChange) -> Iterator[News]:
    alert, event = change.alert, change.event
    if event is not None and not _put_event(connection, event, is_open=alert.state is AlertState.OPEN):
        alert = replace(alert, recording="" if alert.recording == event.recording_id else alert.recording)
    row = alert_of(connection, alert.id)
    if row is None:
        connection.execute(live_tables.alerts.insert(), alert_rows.alert_row(alert))
        yield change.kind, alert
        return
    before = alert_rows.alert(row)
    if before.state is AlertState.ENDED and not is_there(connection, alert.camera):
        return
    # Whoever writes knows nothing of what people have said meanwhile, nor of footage that was removed.
    alert = replace(
        alert,
        recording=before.recording and alert.recording,
        acknowledged_by=before.acknowledged_by,
        false_alarm=before.false_alarm,
        remarks=before.remarks,
    )
    after = keep(connection, alert)
    if replace(after, seen_at=None) == replace(before, seen_at=None):
        return
    ended_before = change.kind is NoticeKind.ALERT_END and before.state is AlertState.ENDED
    told_before = change.kind is NoticeKind.ALERT_NEW or ended_before
    yield (NoticeKind.ALERT_UPDATE if told_before else change.kind), after


def _put_event(connection: sa.Connection, event: Event, *, is_open: bool) -> bool:
    """Puts it among those of its recording's analysis by rules; False where the recording is not there any more."""
    recording = statements.first(connection, statements.recording(event.recording_id))
    if recording is None:
        return False
    analysis, c = tables.analyses.c, tables.events.c
    by_rules = (analysis.recording_id == event.recording_id, analysis.kind == AnalysisKind.RULES.value)
    latest = sa.select(analysis.id, analysis.finished).where(*by_rules).order_by(analysis.begun.desc()).limit(1)
    begun = statements.first(connection, latest)
    if begun is None:
        raise ValueError(f"no analysis by rules of the recording {event.recording_id} was begun")
    connection.execute(tables.events.delete().where(c.analysis_id == begun["id"], c.id == event.id))
    began = recording["started_at"] or recording["added_at"]
    row = rows.event_row(event, began, is_open=is_open and not begun["finished"], witnessed=True)
    statements.insert(connection, tables.events, begun["id"], [row])
    return True
