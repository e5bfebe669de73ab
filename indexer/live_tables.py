"""What is kept of cameras, rules and alerts, as tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import Named, TypedColumns

from indexer.columns import METADATA, Instant, Microseconds, Name, Words


class _Counters(TypedColumns):
    name: Named[str] = sa.Column(primary_key=True)
    value: Named[int] = sa.Column(sa.BigInteger)


counters = sa.Table("counters", METADATA, _Counters)
"""``notices``: the ``seq`` of the notice written last. It rises in the transaction of the notice, and never falls."""


class _Cameras(TypedColumns):
    id: Named[str] = sa.Column(Name, primary_key=True)
    name: Named[str] = sa.Column(Words, unique=True)
    url: Named[str] = sa.Column(Words)
    added_at: Named[datetime] = sa.Column(Instant)
    keep: Named[timedelta | None] = sa.Column(Microseconds)
    keep_events: Named[timedelta | None] = sa.Column(Microseconds)
    keep_bytes: Named[int] = sa.Column(sa.BigInteger)
    period: Named[timedelta] = sa.Column(Microseconds)
    detail: Named[str]
    tags: Named[list[str]] = sa.Column(sa.JSON)
    enabled: Named[bool]
    owner: Named[str] = sa.Column(Name)


cameras = sa.Table("cameras", METADATA, _Cameras)
"""``url`` holds the name and password, as whoever watches the camera needs them."""


class _RemovedCameras(TypedColumns):
    id: Named[str] = sa.Column(Name, primary_key=True)
    keep: Named[timedelta | None] = sa.Column(Microseconds)
    keep_events: Named[timedelta | None] = sa.Column(Microseconds)
    keep_bytes: Named[int] = sa.Column(sa.BigInteger)


removed_cameras = sa.Table("removed_cameras", METADATA, _RemovedCameras)
"""The limits of cameras that were removed, which hold for what they recorded."""


class _CameraStatus(TypedColumns):
    camera: Named[str] = sa.Column(Name, primary_key=True)
    state: Named[str]
    since: Named[datetime] = sa.Column(Instant)
    problem: Named[str] = sa.Column(Words)
    last_frame_at: Named[datetime | None] = sa.Column(Instant)
    recording: Named[str] = sa.Column(Name)
    width: Named[int]
    height: Named[int]
    codec: Named[str] = sa.Column(Words)
    clock: Named[str | None]
    reconnects: Named[int] = sa.Column(sa.BigInteger)
    dropped: Named[int] = sa.Column(sa.BigInteger)


camera_status = sa.Table("camera_status", METADATA, _CameraStatus)


class _Gaps(TypedColumns):
    camera: Named[str] = sa.Column(Name, primary_key=True)
    start: Named[datetime] = sa.Column(Instant, primary_key=True)
    end: Named[datetime | None] = sa.Column(Instant)
    cause: Named[str] = sa.Column(Words)


gaps = sa.Table("gaps", METADATA, _Gaps)


class _Rules(TypedColumns):
    id: Named[str] = sa.Column(Name, primary_key=True)
    name: Named[str] = sa.Column(Words, unique=True)
    condition: Named[dict[str, Any]] = sa.Column(sa.JSON)
    added_at: Named[datetime] = sa.Column(Instant)
    cameras: Named[list[str]] = sa.Column(sa.JSON)
    schedule: Named[dict[str, Any] | None] = sa.Column(sa.JSON(none_as_null=True))
    cooldown: Named[timedelta] = sa.Column(Microseconds)
    severity: Named[str]
    enabled: Named[bool]
    owner: Named[str] = sa.Column(Name)


rules = sa.Table("rules", METADATA, _Rules)


class _Alerts(TypedColumns):
    id: Named[str] = sa.Column(Name, primary_key=True)
    rule: Named[str] = sa.Column(Name)
    camera: Named[str] = sa.Column(Name)
    event: Named[str] = sa.Column(Name)
    state: Named[str]
    start: Named[datetime] = sa.Column(Instant)
    end: Named[datetime | None] = sa.Column(Instant)
    severity: Named[str]
    label: Named[str] = sa.Column(Words)
    description: Named[str] = sa.Column(Words)
    confidence: Named[float]
    verdict: Named[str]
    recording: Named[str] = sa.Column(Name)
    offset: Named[timedelta] = sa.Column(Microseconds)
    frames: Named[list[int]] = sa.Column(sa.JSON)
    region: Named[list[float] | None] = sa.Column(sa.JSON(none_as_null=True))
    acknowledged_by: Named[str] = sa.Column(Words)
    false_alarm: Named[bool]
    remarks: Named[list[list[Any]]] = sa.Column(sa.JSON)
    identity: Named[str] = sa.Column(Words)
    seen_at: Named[datetime | None] = sa.Column(Instant)


_OPEN = sa.text("state = 'open'")

alerts = sa.Table(
    "alerts",
    METADATA,
    _Alerts,
    sa.Index("ix_alerts_start", "start", "id"),
    sa.Index("ix_alerts_camera", "camera", "start", "id"),
    sa.Index("ix_alerts_rule", "rule", "start", "id"),
    sa.Index("ix_alerts_severity", "severity", "start", "id"),
    sa.Index("ix_alerts_end", "rule", "camera", "end", "id"),
    sa.Index("ix_alerts_recording", "recording"),
    sa.Index("ix_alerts_open", "camera", "start", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
)
"""They outlive the recording, rule and camera that they name. ``recording`` is empty once that was removed."""


class _Notices(TypedColumns):
    seq: Named[int] = sa.Column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    kind: Named[str]
    at: Named[datetime] = sa.Column(Instant)
    body: Named[str] = sa.Column(sa.Text)


notices = sa.Table("notices", METADATA, _Notices)
"""``body`` is what the notice tells of as it was then, as JSON."""


class _Webhooks(TypedColumns):
    id: Named[str] = sa.Column(Name, primary_key=True)
    url: Named[str] = sa.Column(Words)
    secret: Named[str]
    added_at: Named[datetime] = sa.Column(Instant)
    cameras: Named[list[str]] = sa.Column(sa.JSON)
    rules: Named[list[str]] = sa.Column(sa.JSON)
    severities: Named[list[str]] = sa.Column(sa.JSON)
    scope_tags: Named[list[str]] = sa.Column(sa.JSON)
    scope_cameras: Named[list[str]] = sa.Column(sa.JSON)
    enabled: Named[bool]
    owner: Named[str] = sa.Column(Name)
    delivered: Named[int] = sa.Column(sa.BigInteger)
    failures: Named[int] = sa.Column(sa.BigInteger)
    problem: Named[str] = sa.Column(Words)
    tried_at: Named[datetime | None] = sa.Column(Instant)


webhooks = sa.Table("webhooks", METADATA, _Webhooks)


class _Pins(TypedColumns):
    id: Named[str] = sa.Column(Name, primary_key=True)
    recording_id: Named[str] = sa.Column(Name, sa.ForeignKey("recordings.id", ondelete="CASCADE"), index=True)
    start: Named[timedelta] = sa.Column(Microseconds)
    end: Named[timedelta] = sa.Column(Microseconds)
    note: Named[str] = sa.Column(Words)
    author: Named[str] = sa.Column(Words)
    at: Named[datetime] = sa.Column(Instant)


pins = sa.Table("pins", METADATA, _Pins)
