"""Notices in the words in which they are told: the one way from alerts, and how cameras are, to the wire."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from videoqa.alerts import Alert, Notice, NoticeKind, Severity
from videoqa.cameras import CameraStatus, Gap
from videoqa.media import ZERO


class Footage(NamedTuple):
    """An alert is seen in ``recording`` from ``offset`` on for as long as it ``lasted``, best at ``shown``."""

    recording: str
    offset: timedelta
    lasted: timedelta
    shown: timedelta


class ToldNotice(NamedTuple):
    """A notice for whoever passes many on: what each is chosen by, and its words, which need no ``Alert`` to be made.

    ``words`` are what it bears as a JSON object, as ``words_of`` has it; ``footage`` is that of its alert. ``at`` is
    in ISO 8601, the other fields are those of ``Notice`` and ``Alert``.
    """

    seq: int
    kind: NoticeKind
    at: str
    camera: str
    words: str
    tags: tuple[str, ...] = ()
    rule: str | None = None
    severity: Severity | None = None
    footage: Footage | None = None


def told_of(notice: Notice) -> ToldNotice:
    alert, bears = notice.alert, notice.alert or notice.status or notice.gap
    assert bears is not None
    words = json.dumps(words_of(bears), ensure_ascii=False, separators=(",", ":"))
    told = ToldNotice(notice.seq, notice.kind, instant_text(notice.at), notice.camera, words, notice.tags)
    if alert is None:
        return told
    return told._replace(rule=alert.rule, severity=alert.severity, footage=footage_of(alert))


def footage_of(alert: Alert) -> Footage | None:
    """None where it was removed."""
    if not alert.recording:
        return None
    lasted = ZERO if alert.end is None else max(ZERO, alert.end - alert.start)
    return Footage(alert.recording, alert.offset, lasted, alert.frames[0] if alert.frames else alert.offset)


def words_of(bears: Alert | CameraStatus | Gap) -> dict[str, object]:
    """What a notice bears, in what JSON can hold; an alert without its footage."""
    match bears:
        case Alert(region=where):
            return {
                "id": bears.id,
                "rule": bears.rule,
                "camera": bears.camera,
                "event": bears.event,
                "state": bears.state.value,
                "start": instant_text(bears.start),
                "end": None if bears.end is None else instant_text(bears.end),
                "severity": bears.severity.value,
                "label": bears.label,
                "description": bears.description,
                "confidence": bears.confidence,
                "verdict": bears.verdict.value,
                "region": None if where is None else asdict(where),
                "acknowledged_by": bears.acknowledged_by,
                "false_alarm": bears.false_alarm,
                "remarks": [asdict(each) | {"at": instant_text(each.at)} for each in bears.remarks],
            }
        case CameraStatus(last_frame_at=seen, clock=clock):
            return {
                "id": bears.camera,
                "state": bears.state.value,
                "since": instant_text(bears.since),
                "problem": bears.problem,
                "last_frame_at": None if seen is None else instant_text(seen),
                "recording": bears.recording or None,
                "width": bears.width,
                "height": bears.height,
                "codec": bears.codec,
                "clock": None if clock is None else clock.value,
                "reconnects": bears.reconnects,
                "dropped": bears.dropped,
            }
        case Gap(end=end):
            return {
                "camera": bears.camera,
                "start": instant_text(bears.start),
                "end": None if end is None else instant_text(end),
                "cause": bears.cause,
            }


def instant_text(at: datetime) -> str:
    """ISO 8601 in UTC; ``at`` is aware."""
    return at.astimezone(UTC).isoformat()[:-6] + "Z"
