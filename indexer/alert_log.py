"""The alert log in a SQL database. Every method is one transaction, but for ``forget``.

``seq`` comes from a row that rises in the transaction of the notice, and that transaction holds that row until it is
kept: notices become visible in the order of their numbers, and a transaction that is not kept uses none up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from indexer import alert_changes, alert_rows, columns, live_tables, notices, statements
from indexer.database import reading, writing
from videoqa.alerts import MOST_REMARKS, Alert, AlertState, Notice, NoticeKind, Remark
from videoqa.cameras import CameraStatus, Gap
from videoqa.errors import TooManyRemarks, UnknownAlert
from videoqa.ports import AlertChange, AlertFilter
from videoqa.wording import ToldNotice

_AT_ONCE = 2000


class SqlAlertLog:
    """Implements ``AlertLog`` over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def write(self, changes: Sequence[AlertChange | CameraStatus | Gap]) -> tuple[Notice, ...]:
        with writing(self._engine) as connection:
            return notices.note(
                connection, [news for change in changes for news in alert_changes.put(connection, change)]
            )

    def notices(self, after_seq: int, limit: int = 500) -> tuple[Notice, ...]:
        c = live_tables.notices.c
        select = sa.select(c.seq, c.kind, c.at, c.body).where(c.seq > after_seq).order_by(c.seq).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(select).all()
        return tuple([alert_rows.notice(*row) for row in rows])

    def told(self, after_seq: int, limit: int = 500) -> tuple[ToldNotice, ...]:
        c = live_tables.notices.c
        at = sa.type_coerce(c.at, sa.BigInteger)
        select = sa.select(c.seq, c.kind, at, c.body).where(c.seq > after_seq).order_by(c.seq).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(select).all()
        return tuple([alert_rows.told(*row) for row in rows])

    def last_seq(self) -> int:
        with reading(self._engine) as connection:
            return notices.last_seq(connection)

    def oldest_seq(self) -> int:
        with reading(self._engine) as connection:
            oldest = connection.execute(sa.select(sa.func.min(live_tables.notices.c.seq))).scalar()
            return notices.last_seq(connection) + 1 if oldest is None else oldest

    def alert(self, alert_id: str) -> Alert | None:
        with reading(self._engine) as connection:
            row = alert_changes.alert_of(connection, alert_id)
        return None if row is None else alert_rows.alert(row)

    def alerts(self, wanted: AlertFilter, after: str | None = None, limit: int = 50) -> tuple[Alert, ...]:
        c = live_tables.alerts.c
        with reading(self._engine) as connection:
            select = sa.select(c.id).where(*_conditions(connection, wanted))
            if after is not None:
                last = alert_changes.alert_of(connection, after)
                if last is None:
                    raise UnknownAlert(name=after)
                place = sa.tuple_(sa.literal(last["start"], columns.Instant), sa.literal(last["id"]))
                select = select.where(sa.tuple_(c.start, c.id) < place)
            # Indexes hold all that is needed to find the page; the rows themselves are large.
            page = connection.execute(select.order_by(c.start.desc(), c.id.desc()).limit(limit)).scalars().all()
            found = statements.every(connection, sa.select(live_tables.alerts).where(statements.among(c.id, page)))
            return tuple(map(alert_rows.alert, sorted(found, key=lambda row: (row["start"], row["id"]), reverse=True)))

    def open_alerts(self, camera: str = "") -> tuple[Alert, ...]:
        c = live_tables.alerts.c
        select = sa.select(live_tables.alerts).where(c.state == sa.literal_column("'open'")).order_by(c.start, c.id)
        if camera:
            select = select.where(c.camera == camera)
        with reading(self._engine) as connection:
            return tuple(map(alert_rows.alert, statements.every(connection, select)))

    def tells_of(self, camera: str) -> bool:
        c = live_tables.notices.c
        # Read through rather than by an index: asked when a camera is added, and written a hundred thousand times.
        # LIKE would not do: in SQLite it takes Gate for gate.
        without = sa.func.replace(c.body, alert_rows.of_camera(camera), "")
        select = sa.select(c.seq).where(without != c.body).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(select).scalar() is not None

    def latest(self, rule: str, camera: str, limit: int = 20) -> tuple[Alert, ...]:
        c = live_tables.alerts.c
        ended = (c.rule == rule, c.camera == camera, c.state == AlertState.ENDED.value)
        select = sa.select(live_tables.alerts).where(*ended).order_by(c.end.desc(), c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return tuple(map(alert_rows.alert, statements.every(connection, select)))

    def judge(
        self,
        alert_id: str,
        author: str,
        *,
        acknowledge: bool = False,
        false_alarm: bool | None = None,
        remark: str = "",
    ) -> Alert:
        with writing(self._engine) as connection:
            row = alert_changes.alert_of(connection, alert_id)
            if row is None:
                raise UnknownAlert(name=alert_id)
            before = alert_rows.alert(row)
            if remark and len(before.remarks) >= MOST_REMARKS:
                raise TooManyRemarks(name=alert_id, limit=MOST_REMARKS)
            now = datetime.now(UTC)
            judged = replace(
                before,
                acknowledged_by=before.acknowledged_by or (author if acknowledge else ""),
                false_alarm=before.false_alarm if false_alarm is None else false_alarm,
                remarks=(*before.remarks, Remark(now, author, remark)) if remark else before.remarks,
            )
            after = alert_changes.keep(connection, judged)
            if after != before:
                notices.note(connection, [(NoticeKind.ALERT_UPDATE, after)])
            return after

    def forget(self, before: datetime) -> int:
        """A part at a time, so that no alert waits until it is through."""
        notice, alert = live_tables.notices.c, live_tables.alerts.c
        # In the order of their numbers: a clock that was put back leaves no hole in the middle.
        kept = sa.select(notice.seq).where(notice.at >= before).order_by(notice.seq).limit(1)
        with reading(self._engine) as connection:
            first_kept = connection.execute(kept).scalar() or notices.last_seq(connection) + 1
        # What has ended before then has begun before then, and by that it is found.
        over = (alert.start < before, alert.end < before, alert.state == AlertState.ENDED.value)
        self._delete(live_tables.alerts, alert.id, *over)
        return self._delete(live_tables.notices, notice.seq, notice.seq < first_kept)

    def _delete(self, table: sa.Table, key: sa.ColumnElement[Any], *which: sa.ColumnElement[bool]) -> int:
        """How many rows went."""
        gone, some = 0, sa.select(key).where(*which).order_by(key).limit(_AT_ONCE)
        while True:
            with writing(self._engine) as connection:
                deleted = connection.execute(table.delete().where(key.in_(some))).rowcount
            gone += deleted
            if deleted < _AT_ONCE:
                return gone


def _conditions(connection: sa.Connection, wanted: AlertFilter) -> Iterator[sa.ColumnElement[bool]]:
    c = live_tables.alerts.c
    if wanted.cameras:
        yield c.camera.in_(sorted(wanted.cameras))
    if wanted.rules:
        yield c.rule.in_(sorted(wanted.rules))
    if wanted.severities:
        yield c.severity.in_(sorted(wanted.severities))
    if wanted.since is not None:
        yield c.start >= wanted.since
    if wanted.until is not None:
        yield c.start < wanted.until
    if not wanted.scope.everything:
        camera = live_tables.cameras.c
        tagged = connection.execute(sa.select(camera.id, camera.tags)).all()
        reached = {camera_id for camera_id, tags in tagged if wanted.scope.covers(tags, camera_id)}
        yield c.camera.in_(sorted(reached | wanted.scope.cameras))
