"""From a row of ``indexer.live_tables`` to a type and back; nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from pydantic_core import from_json

from indexer.rows import Row
from indexer.tables import EPOCH, MICROSECOND, Words
from videoqa.access import Scope
from videoqa.alerts import (
    Alert,
    AlertRule,
    AlertState,
    Condition,
    ConditionKind,
    Notice,
    NoticeKind,
    Remark,
    Schedule,
    Severity,
    Verdict,
)
from videoqa.cameras import Camera, CameraState, CameraStatus, ClockSource, Detail, Gap, StreamUrl
from videoqa.events import Region
from videoqa.media import Span
from videoqa.ports import AlertFilter, Pin, Webhook

Told = Alert | CameraStatus | Gap
"""What a notice tells of."""
_STATES = {each.value: each for each in AlertState}
_SEVERITIES = {each.value: each for each in Severity}
_VERDICTS = {each.value: each for each in Verdict}
_KINDS = {each.value: each for each in NoticeKind}


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


def alert_row(alert: Alert) -> dict[str, object]:
    region = alert.region
    return {
        "id": alert.id,
        "rule": alert.rule,
        "camera": alert.camera,
        "event": alert.event,
        "state": alert.state.value,
        "start": alert.start,
        "end": alert.end,
        "severity": alert.severity.value,
        "label": alert.label,
        "description": alert.description,
        "confidence": alert.confidence,
        "verdict": alert.verdict.value,
        "recording": alert.recording,
        "offset": alert.offset,
        "frames": [frame // MICROSECOND for frame in alert.frames],
        "region": None if region is None else [region.left, region.top, region.right, region.bottom],
        "acknowledged_by": alert.acknowledged_by,
        "false_alarm": alert.false_alarm,
        "remarks": [[_number(each.at), Words.kept(each.author), Words.kept(each.text)] for each in alert.remarks],
        "identity": alert.identity,
        "seen_at": alert.seen_at,
    }


def alert(row: Row | Mapping[str, Any]) -> Alert:
    """By place, and without asking an enumeration: a reader who was away for long has a hundred thousand coming."""
    region = row["region"]
    return Alert(
        row["id"],
        row["rule"],
        row["camera"],
        row["event"],
        _STATES[row["state"]],
        row["start"],
        row["end"],
        _SEVERITIES[row["severity"]],
        row["label"],
        row["description"],
        row["confidence"],
        _VERDICTS[row["verdict"]],
        row["recording"],
        row["offset"],
        tuple([timedelta(0, 0, frame) for frame in row["frames"]]),
        None if region is None else Region(*region),
        row["acknowledged_by"],
        row["false_alarm"],
        tuple([Remark(_instant(at), author, text) for at, author, text in row["remarks"]]),
        row["identity"],
        row["seen_at"],
    )


def notice_row(seq: int, kind: NoticeKind, at: datetime, told: Told) -> dict[str, Any]:
    return {"seq": seq, "kind": kind.value, "at": at, "body": json.dumps(_body(told), separators=(",", ":"))}


def notice(seq: int, kind: str, at: datetime, body: str) -> Notice:
    told = from_json(body)
    match _KINDS[kind]:
        case NoticeKind.CAMERA_STATUS as kept:
            told["since"], told["last_frame_at"] = _instant(told["since"]), _perhaps(told["last_frame_at"])
            return Notice(seq, kept, at, status=status(told))
        case NoticeKind.GAP as kept:
            told["start"], told["end"] = _instant(told["start"]), _perhaps(told["end"])
            return Notice(seq, kept, at, gap=gap(told))
        case kept:
            told["start"], told["end"] = _instant(told["start"]), _perhaps(told["end"])
            told["offset"], told["seen_at"] = timedelta(0, 0, told["offset"]), _perhaps(told["seen_at"])
            return Notice(seq, kept, at, alert(told))


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


def _body(told: Told) -> dict[str, object]:
    """The row of what is told, in what JSON can hold."""
    match told:
        case Alert():
            row = alert_row(told)
        case CameraStatus():
            row = status_row(told)
        case Gap():
            row = gap_row(told)
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    match value:
        case datetime():
            return _number(value)
        case timedelta():
            return value // MICROSECOND
        case str():
            return Words.kept(value)
    return value


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


def _number(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


def _instant(number: int) -> datetime:
    return EPOCH + timedelta(0, 0, number)


def _perhaps(number: int | None) -> datetime | None:
    return None if number is None else _instant(number)
