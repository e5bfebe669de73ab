"""Alerts to be written into a log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from videoqa.alerts import Alert, AlertState, NoticeKind, Severity, Verdict
from videoqa.cameras import Camera, StreamUrl
from videoqa.ports import AlertChange

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_camera(camera_id: str = "gate", *tags: str) -> Camera:
    return Camera(camera_id, camera_id, StreamUrl("rtsp://10.0.0.7/stream"), NOON, tags=tags)


def an_alert(number: int, **fields: Any) -> Alert:
    """One that has just begun; the same ``number`` is the same alert."""
    known: dict[str, Any] = {
        "id": f"alert-{number}",
        "rule": "fence",
        "camera": "gate",
        "event": f"event-{number}",
        "state": AlertState.OPEN,
        "start": NOON + timedelta(seconds=number),
        "end": None,
        "severity": Severity.HIGH,
        "label": "a person climbs the fence",
        "description": "A person climbs over the fence from the left.",
        "confidence": 0.9,
        "verdict": Verdict.CONFIRMED,
        "recording": "",
        "offset": timedelta(seconds=10),
        "frames": (timedelta(seconds=11),),
    }
    return Alert(**known | fields)


def begun(number: int, **fields: Any) -> AlertChange:
    return AlertChange(NoticeKind.ALERT_NEW, an_alert(number, **fields))
