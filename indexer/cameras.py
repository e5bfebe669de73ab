"""Cameras in a SQL database. Every method is one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from indexer import alert_rows, live_rows, live_tables, notices, statements
from indexer.database import reading, writing
from videoqa.alerts import Alert, AlertState, NoticeKind, let_go
from videoqa.cameras import Camera, CameraStatus, Gap, Limits, farewell
from videoqa.errors import CameraTaken, UnknownCamera


class SqlCameras:
    """Implements ``Cameras`` over an engine of ``indexer.database``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, camera: Camera) -> None:
        with writing(self._engine) as connection:
            _check_free(connection, camera)
            connection.execute(live_tables.cameras.insert(), live_rows.camera_row(camera))
            # Whoever has the id of one that was removed has taken over what that recorded, if anything is left.
            _forget(connection, camera.id)

    def cameras(self) -> tuple[Camera, ...]:
        with reading(self._engine) as connection:
            found = statements.every(connection, sa.select(live_tables.cameras))
        return tuple(sorted(map(live_rows.camera, found), key=lambda camera: (camera.name, camera.id)))

    def camera(self, name_or_id: str) -> Camera | None:
        with reading(self._engine) as connection:
            row = statements.called(connection, live_tables.cameras, name_or_id)
        return None if row is None else live_rows.camera(row)

    def with_id(self, camera_id: str) -> Camera | None:
        c = live_tables.cameras.c
        with reading(self._engine) as connection:
            row = statements.first(connection, sa.select(live_tables.cameras).where(c.id == camera_id))
        return None if row is None else live_rows.camera(row)

    def change(self, camera: Camera) -> None:
        with writing(self._engine) as connection:
            _check_free(connection, camera)
            changed = statements.this(live_tables.cameras, camera.id)
            if not connection.execute(changed, live_rows.camera_row(camera)).rowcount:
                raise UnknownCamera(name=camera.name)

    def remove(self, camera_id: str) -> None:
        c = live_tables.cameras.c
        with writing(self._engine) as connection:
            row = statements.first(connection, sa.select(live_tables.cameras).where(c.id == camera_id))
            if row is None:
                return
            camera = live_rows.camera(row)
            if camera.limits.bounded:
                _forget(connection, camera_id)
                connection.execute(live_tables.removed_cameras.insert(), live_rows.limits_row(camera.limits))
            found = statements.first(connection, _status_of(camera_id))
            status = None if found is None else live_rows.status(found)
            ended = [(NoticeKind.ALERT_END, alert) for alert in _ended(connection, camera_id, status)]
            notices.note(connection, [*ended, (NoticeKind.CAMERA_STATUS, farewell(camera_id, status))], camera.tags)
            connection.execute(live_tables.cameras.delete().where(c.id == camera_id))
            for table in (live_tables.camera_status, live_tables.gaps):
                connection.execute(table.delete().where(table.c.camera == camera_id))

    def limits(self) -> tuple[Limits, ...]:
        tables = (live_tables.cameras, live_tables.removed_cameras)
        each = (sa.select(t.c.id, t.c.keep, t.c.keep_events, t.c.keep_bytes).order_by(t.c.id) for t in tables)
        with reading(self._engine) as connection:
            return tuple(live_rows.limits(row) for select in each for row in statements.every(connection, select))

    def status(self, camera_id: str) -> CameraStatus | None:
        with reading(self._engine) as connection:
            row = statements.first(connection, _status_of(camera_id))
        return None if row is None else live_rows.status(row)

    def touch(self, status: CameraStatus) -> None:
        table = live_tables.camera_status
        there = sa.exists().where(live_tables.cameras.c.id == status.camera)
        with writing(self._engine) as connection:
            of_it = table.update().where(table.c.camera == status.camera, there)
            connection.execute(of_it, live_rows.status_row(status))

    def gaps(self, camera_id: str, since: datetime, until: datetime, latest: int | None = None) -> tuple[Gap, ...]:
        c = live_tables.gaps.c
        reaching = (c.camera == camera_id, c.start < until, sa.or_(c.end.is_(None), c.end > since))
        select = sa.select(live_tables.gaps).where(*reaching).order_by(c.start.desc()).limit(latest)
        with reading(self._engine) as connection:
            found = statements.every(connection, select)
        return tuple(map(live_rows.gap, reversed(found)))


def is_there(connection: sa.Connection, camera_id: str) -> bool:
    c = live_tables.cameras.c
    return statements.first(connection, sa.select(c.id).where(c.id == camera_id)) is not None


def put_status(connection: sa.Connection, status: CameraStatus) -> bool:
    """Puts it in the place of the one before; False where that is the same."""
    table = live_tables.camera_status
    return _put(connection, table, table.c.camera == status.camera, live_rows.status_row(status))


def put_gap(connection: sa.Connection, gap: Gap) -> bool:
    """Puts it in the place of the one that starts at the same time; False where that is the same."""
    table = live_tables.gaps
    same = sa.and_(table.c.camera == gap.camera, table.c.start == gap.start)
    return _put(connection, table, same, live_rows.gap_row(gap))


def _ended(connection: sa.Connection, camera_id: str, status: CameraStatus | None) -> Iterator[Alert]:
    """Ends the open alerts of a camera that nobody watches from now on."""
    c = live_tables.alerts.c
    lasting = (c.camera == camera_id, c.state == AlertState.OPEN.value)
    select = sa.select(live_tables.alerts).where(*lasting).order_by(c.start, c.id)
    for row in statements.every(connection, select):
        alert = let_go(alert_rows.alert(row), status)
        connection.execute(statements.this(live_tables.alerts, alert.id), alert_rows.alert_row(alert))
        yield alert


def _status_of(camera_id: str) -> sa.Select[tuple[object, ...]]:
    table = live_tables.camera_status
    return sa.select(table).where(table.c.camera == camera_id)


def _put(connection: sa.Connection, table: sa.Table, same: sa.ColumnElement[bool], row: dict[str, object]) -> bool:
    select = sa.select(table).where(same)
    before = statements.first(connection, select)
    if before is None:
        connection.execute(table.insert(), row)
        return True
    connection.execute(table.update().where(same), row)
    return dict(statements.only(connection, select)) != dict(before)


def _forget(connection: sa.Connection, removed: str) -> None:
    table = live_tables.removed_cameras
    connection.execute(table.delete().where(table.c.id == removed))


def _check_free(connection: sa.Connection, camera: Camera) -> None:
    c = live_tables.cameras.c
    # Neither finds the other by what it is called itself.
    called = sa.or_(c.name.in_((camera.name, camera.id)), c.id == camera.name)
    if statements.first(connection, sa.select(c.id).where(c.id != camera.id, called)) is not None:
        raise CameraTaken(name=camera.name)
