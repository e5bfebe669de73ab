"""From a row of ``indexer.live_tables`` to a type and back; nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from indexer.columns import MICROSECOND, Words
from indexer.rows import Row
from videoqa.access import Scope
from videoqa.alerts import (
    AlertRule,
    Condition,
    ConditionKind,
    Schedule,
    Severity,
)
from videoqa.cameras import Camera, CameraState, CameraStatus, ClockSource, Detail, Gap, Limits, StreamUrl
from videoqa.media import Span
from videoqa.ports import AlertFilter, Pin, Webhook


def camera_row(camera: Camera) -> dict[str, object]:
    return {
        "id": camera.id,
        "name": camera.name,
        "url": camera.url.text,
        "added_at": camera.added_at,
        "keep": camera.keep,
        "keep_events": camera.keep_events,
        "keep_bytes": camera.keep_bytes,
        "period": camera.period,
        "detail": camera.detail.value,
        "tags": sorted({Words.kept(tag) for tag in camera.tags}),
        "enabled": camera.enabled,
        "owner": camera.owner,
    }


def camera(row: Row) -> Camera:
    return Camera(
        id=row["id"],
        name=row["name"],
        url=StreamUrl(row["url"]),
        added_at=row["added_at"],
        keep=row["keep"],
        keep_events=row["keep_events"],
        keep_bytes=row["keep_bytes"],
        period=row["period"],
        detail=Detail(row["detail"]),
        tags=tuple(row["tags"]),
        enabled=row["enabled"],
        owner=row["owner"],
    )


def limits_row(limits: Limits) -> dict[str, object]:
    return {
        "id": limits.camera,
        "keep": limits.keep,
        "keep_events": limits.keep_events,
        "keep_bytes": limits.keep_bytes,
    }


def limits(row: Row) -> Limits:
    return Limits(row["id"], row["keep"], row["keep_events"], row["keep_bytes"])


def status_row(status: CameraStatus) -> dict[str, object]:
    return {
        "camera": status.camera,
        "state": status.state.value,
        "since": status.since,
        "problem": status.problem,
        "last_frame_at": status.last_frame_at,
        "recording": status.recording,
        "width": status.width,
        "height": status.height,
        "codec": status.codec,
        "clock": None if status.clock is None else status.clock.value,
        "reconnects": status.reconnects,
        "dropped": status.dropped,
    }


def status(row: Row | Mapping[str, Any]) -> CameraStatus:
    return CameraStatus(
        camera=row["camera"],
        state=CameraState(row["state"]),
        since=row["since"],
        problem=row["problem"],
        last_frame_at=row["last_frame_at"],
        recording=row["recording"],
        width=row["width"],
        height=row["height"],
        codec=row["codec"],
        clock=None if row["clock"] is None else ClockSource(row["clock"]),
        reconnects=row["reconnects"],
        dropped=row["dropped"],
    )


def gap_row(gap: Gap) -> dict[str, object]:
    return {"camera": gap.camera, "start": gap.start, "end": gap.end, "cause": gap.cause}


def gap(row: Row | Mapping[str, Any]) -> Gap:
    return Gap(row["camera"], row["start"], row["end"], row["cause"])


def rule_row(rule: AlertRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "condition": _condition_row(rule.condition),
        "added_at": rule.added_at,
        "cameras": sorted(rule.cameras),
        "schedule": None if rule.schedule is None else _schedule_row(rule.schedule),
        "cooldown": rule.cooldown,
        "severity": rule.severity.value,
        "enabled": rule.enabled,
        "owner": rule.owner,
    }


def rule(row: Row) -> AlertRule:
    return AlertRule(
        id=row["id"],
        name=row["name"],
        condition=_condition(row["condition"]),
        added_at=row["added_at"],
        cameras=frozenset(row["cameras"]),
        schedule=None if row["schedule"] is None else _schedule(row["schedule"]),
        cooldown=row["cooldown"],
        severity=Severity(row["severity"]),
        enabled=row["enabled"],
        owner=row["owner"],
    )


def webhook_row(hook: Webhook) -> dict[str, object]:
    wanted = hook.wanted
    return {
        "id": hook.id,
        "url": hook.url.text,
        "secret": hook.secret,
        "added_at": hook.added_at,
        "cameras": sorted(wanted.cameras),
        "rules": sorted(wanted.rules),
        "severities": sorted(wanted.severities),
        "scope_tags": sorted(wanted.scope.tags),
        "scope_cameras": sorted(wanted.scope.cameras),
        "enabled": hook.enabled,
        "owner": hook.owner,
        "delivered": hook.delivered,
        "failures": hook.failures,
        "problem": hook.problem,
        "tried_at": hook.tried_at,
    }


def webhook(row: Row) -> Webhook:
    wanted = AlertFilter(
        cameras=frozenset(row["cameras"]),
        rules=frozenset(row["rules"]),
        severities=frozenset(map(Severity, row["severities"])),
        scope=Scope(frozenset(row["scope_tags"]), frozenset(row["scope_cameras"])),
    )
    return Webhook(
        id=row["id"],
        url=StreamUrl(row["url"]),
        secret=row["secret"],
        added_at=row["added_at"],
        wanted=wanted,
        enabled=row["enabled"],
        owner=row["owner"],
        delivered=row["delivered"],
        failures=row["failures"],
        problem=row["problem"],
        tried_at=row["tried_at"],
    )


def pin_row(pin: Pin) -> dict[str, object]:
    return {
        "id": pin.id,
        "recording_id": pin.recording_id,
        "start": pin.span.start,
        "end": pin.span.end,
        "note": pin.note,
        "author": pin.author,
        "at": pin.at,
    }


def pin(row: Row) -> Pin:
    return Pin(row["id"], row["recording_id"], Span(row["start"], row["end"]), row["note"], row["author"], row["at"])


def _condition_row(condition: Condition) -> dict[str, object]:
    return {
        "kind": condition.kind.value,
        "text": Words.kept(condition.text),
        "zone": condition.zone,
        "line": condition.line,
        "lasting": condition.lasting // MICROSECOND,
        "strength": condition.strength,
    }


def _condition(told: Mapping[str, Any]) -> Condition:
    return Condition(
        kind=ConditionKind(told["kind"]),
        text=told["text"],
        zone=tuple((x, y) for x, y in told["zone"]),
        line=tuple((x, y) for x, y in told["line"]),
        lasting=timedelta(microseconds=told["lasting"]),
        strength=told["strength"],
    )


def _schedule_row(schedule: Schedule) -> dict[str, object]:
    return {
        "start": schedule.start.isoformat(),
        "end": schedule.end.isoformat(),
        "zone": schedule.zone,
        "days": sorted(schedule.days),
    }


def _schedule(told: Mapping[str, Any]) -> Schedule:
    start, end = time.fromisoformat(told["start"]), time.fromisoformat(told["end"])
    return Schedule(start, end, told["zone"], frozenset(told["days"]))
