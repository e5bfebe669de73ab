"""From a row of alerts or of notices to a type and back; nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from indexer.columns import EPOCH, MICROSECOND, Words
from indexer.live_rows import gap, gap_row, status, status_row
from indexer.rows import Row
from videoqa.alerts import TOLD_REMARKS, Alert, AlertState, Notice, NoticeKind, Remark, Severity, Verdict
from videoqa.cameras import CameraStatus, Gap
from videoqa.events import Region
from videoqa.wording import Footage, ToldNotice, told_of

Told = Alert | CameraStatus | Gap
"""What a notice tells of."""
_STATES = {each.value: each for each in AlertState}
_SEVERITIES = {each.value: each for each in Severity}
_VERDICTS = {each.value: each for each in Verdict}
_KINDS = {each.value: each for each in NoticeKind}
_ALERT_WORDS = {
    *("id", "rule", "camera", "event", "state", "start", "end", "severity", "label", "description", "confidence"),
    *("verdict", "region", "acknowledged_by", "false_alarm", "remarks"),
}
"""What is told of an alert, but for its footage: the words of ``videoqa.wording.words_of``."""
_SIDES = ("left", "top", "right", "bottom")
_NAIVE = EPOCH.replace(tzinfo=None)


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


def notice_row(seq: int, kind: NoticeKind, at: datetime, told: Told, tags: Sequence[str] = ()) -> dict[str, Any]:
    body = _body(told) | ({"tags": [Words.kept(tag) for tag in tags]} if tags else {})
    return {"seq": seq, "kind": kind.value, "at": at, "body": json.dumps(body, separators=(",", ":"))}


def of_camera(camera: str) -> str:
    """What stands in the body of every notice of a camera; no text in one can look like it."""
    return f'"camera":{json.dumps(camera)}'


def notice(seq: int, kind: str, at: datetime, body: str) -> Notice:
    told = from_json(body)
    tags = tuple(told.pop("tags", ()))
    match _KINDS[kind]:
        case NoticeKind.CAMERA_STATUS as kept:
            told["since"], told["last_frame_at"] = _instant(told["since"]), _perhaps(told["last_frame_at"])
            return Notice(seq, kept, at, status=status(told), tags=tags)
        case NoticeKind.GAP as kept:
            told["start"], told["end"] = _instant(told["start"]), _perhaps(told["end"])
            return Notice(seq, kept, at, gap=gap(told))
        case kept:
            told["start"], told["end"] = _instant(told["start"]), _perhaps(told["end"])
            told["offset"], told["seen_at"] = timedelta(0, 0, told["offset"]), _perhaps(told["seen_at"])
            return Notice(seq, kept, at, alert(told), tags=tags)


def told(seq: int, kind: str, at: int, body: str) -> ToldNotice:
    """``told_of(notice(...))`` without the notice: a reader who was away for long has a hundred thousand coming."""
    kept = _KINDS[kind]
    if not kept.of_alert:
        return told_of(notice(seq, kind, _instant(at), body))
    words = from_json(body)
    recording, offset, frames = words["recording"], words["offset"], words["frames"]
    tags = tuple(words.get("tags", ()))
    start, end, region = words["start"], words["end"], words["region"]
    words["start"] = _text(start)
    if end is not None:
        words["end"] = _text(end)
    if region is not None:
        words["region"] = dict(zip(_SIDES, region, strict=True))
    if words["remarks"]:
        words["remarks"] = [{"at": _text(when), "author": by, "text": said} for when, by, said in words["remarks"]]
    footage = None
    if recording:
        lasted = 0 if end is None else max(0, end - start)
        shown = frames[0] if frames else offset
        footage = Footage(recording, timedelta(0, 0, offset), timedelta(0, 0, lasted), timedelta(0, 0, shown))
    # By name: what else is kept of an alert is for nobody but the service.
    severity, said = _SEVERITIES[words["severity"]], to_json(words, include=_ALERT_WORDS).decode()
    return ToldNotice(seq, kept, _text(at), words["camera"], said, tags, words["rule"], severity, footage)


def _body(told: Told) -> dict[str, object]:
    """The row of what is told, in what JSON can hold."""
    match told:
        case Alert():
            row = alert_row(replace(told, remarks=told.remarks[-TOLD_REMARKS:]))
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


def _number(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


def _instant(number: int) -> datetime:
    return EPOCH + timedelta(0, 0, number)


def _text(number: int) -> str:
    return (_NAIVE + timedelta(0, 0, number)).isoformat() + "Z"


def _perhaps(number: int | None) -> datetime | None:
    return None if number is None else _instant(number)
