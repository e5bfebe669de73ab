"""Alerts: listed, judged, and watched as they come; over a socket that is made anew where it breaks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from videoqa.client.documents import Page, Region, read
from videoqa.client.flows import Call, Emit, Flow, Items, Listen, Query, at, heard, listening, options
from videoqa.client.footage import instant, listed
from videoqa.client.problems import (
    BadReply,
    BadRequest,
    ClientError,
    KeyNeeded,
    NotFound,
    Problem,
    ProblemError,
    TooManyRequests,
    Unavailable,
)
from videoqa.client.retrying import Pauses, answered

_SOCKET, _SUBPROTOCOL = "/v1/alerts/ws", "videoqa.alerts.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What somebody wrote to an alert."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One rule's alert about one event; ``rule``, ``camera``, ``event`` and ``recording`` are ids.

    ``state`` is open or ended, ``severity`` low, medium or high; ``verdict`` says who has confirmed it. ``recording``,
    ``snapshot_url`` and ``clip_url`` (paths from the service's root) are None once its footage is gone.
    """

    id: str
    rule: str
    camera: str
    event: str
    state: str
    start: datetime
    end: datetime | None
    severity: str
    label: str
    description: str
    confidence: float
    verdict: str
    recording: str | None
    snapshot_url: str | None
    clip_url: str | None
    region: Region | None
    acknowledged_by: str
    false_alarm: bool
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """How a camera is since ``since``; ``problem`` says what is wrong, ``recording`` is the id of the one under way.

    The ``state`` "removed" is the last that one is in: its open alerts end before that is told.
    """

    id: str
    state: str
    since: datetime
    problem: str
    last_frame_at: datetime | None
    recording: str | None
    width: int
    height: int
    codec: str
    clock: str | None
    reconnects: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of the wall clock of which a camera has no footage; ``end`` is None while it lasts."""

    camera: str
    start: datetime
    end: datetime | None
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNews:
    """What became of an alert: ``type`` is alert.new, alert.update or alert.end."""

    seq: int
    type: str
    at: datetime
    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraNews:
    """A camera is otherwise than it was."""

    seq: int
    type: str
    at: datetime
    camera: CameraStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class GapNews:
    """A camera's footage has a hole, or one that is over now."""

    seq: int
    type: str
    at: datetime
    gap: Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """What was asked for cannot be told, for a ``reason``.

    Where that is "forgotten", there is a hole in front of ``oldest_seq``: what lay there is not kept any more. Where it
    is "ahead", nothing was left out, but the number comes from another log, or the log was put back.
    """

    type: str
    oldest_seq: int
    reason: str


News: TypeAlias = AlertNews | CameraNews | GapNews | Truncated
_KINDS: Mapping[str, type[Any]] = {
    "alert.new": AlertNews,
    "alert.update": AlertNews,
    "alert.end": AlertNews,
    "camera.status": CameraNews,
    "gap": GapNews,
    "replay.truncated": Truncated,
}
_BY_CODE: Mapping[str, tuple[int, type[ProblemError]]] = {
    "key-needed": (401, KeyNeeded),
    "malformed-request": (422, BadRequest),
    "too-far-behind": (503, Unavailable),
    "too-many-followers": (429, TooManyRequests),
    "too-many-requests": (429, TooManyRequests),
    "too-many-wrong-keys": (429, TooManyRequests),
    "unknown-camera": (404, NotFound),
    "unknown-rule": (404, NotFound),
}


def alerts(
    *,
    cameras: Sequence[str] = (),
    rules: Sequence[str] = (),
    severities: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> Items[Alert]:
    """Alerts, the youngest first; ``cameras`` and ``rules`` are names or ids, all of them where there are none."""
    query: Query = {
        "camera": list(cameras),
        "rule": list(rules),
        "severity": list(severities),
        "from": instant(since),
        "to": instant(until),
    }
    yield from listed(Page[Alert], "/v1/alerts", query)


def alert(alert_id: str) -> Flow[Alert]:
    """The alert of that id."""
    return read(Alert, (yield from answered(Call("GET", at("/v1/alerts/{}", alert_id)))))


def acknowledge(alert_id: str) -> Flow[Alert]:
    """Says that somebody sees to it; who did so first stays."""
    return read(Alert, (yield from answered(Call("POST", at("/v1/alerts/{}/ack", alert_id), harmless=True))))


def comment(alert_id: str, text: str) -> Flow[Alert]:
    """Writes something to an alert."""
    return read(Alert, (yield from answered(Call("POST", at("/v1/alerts/{}/comment", alert_id), json={"text": text}))))


def false_alarm(alert_id: str, *, false_alarm: bool = True) -> Flow[Alert]:
    """Says that an alert was none, or that it was one after all."""
    body = {"false_alarm": false_alarm}
    call = Call("POST", at("/v1/alerts/{}/false-alarm", alert_id), json=body, harmless=True)
    return read(Alert, (yield from answered(call)))


def watch(
    *,
    cameras: Sequence[str] = (),
    rules: Sequence[str] = (),
    severities: Sequence[str] = (),
    after_seq: int | None = None,
) -> Items[News]:
    """What becomes of alerts and cameras, as it does, for as long as it is iterated.

    With ``after_seq`` what is kept behind that number comes first, with 0 all that is kept; without, only what comes.
    Where the connection breaks it is made anew behind the last number that was heard. Cameras' own news are told where
    neither rules nor severities are asked for.
    """
    pauses = Pauses((yield from options()))
    # What it is weighed by whether another try does harm: none does.
    call = Call("GET", _SOCKET)
    seq = after_seq
    while True:
        query: Query = {"camera": list(cameras), "rule": list(rules), "severity": list(severities), "after_seq": seq}
        try:
            yield from listening(Listen(_SOCKET, query, _SUBPROTOCOL))
            while True:
                text = yield from heard()
                message = _message(text)
                pauses.begin_anew()
                kind = _KINDS.get(str(message.get("type")))
                if kind is not None:
                    yield Emit(read(kind, text))
                seq = _place(message, seq)
        except ClientError as error:
            yield from pauses.before_again(call, error)


def _message(text: str) -> Mapping[str, Any]:
    """
    Raises:
        ProblemError: it tells of a problem.
        BadReply: it is no message.
    """
    try:
        message = json.loads(text)
    except ValueError as error:
        raise BadReply("A message of the service holds no JSON.") from error
    if not isinstance(message, dict):
        raise BadReply("A message of the service holds no JSON object.")
    if message.get("type") == "error":
        code, detail = str(message.get("code")), str(message.get("detail"))
        status, kind = _BY_CODE.get(code, (503, Unavailable))
        raise kind(Problem(code, status, detail))
    return message


def _place(message: Mapping[str, Any], before: int | None) -> int | None:
    """The number behind which to go on after ``message``."""
    match message:
        case {"type": "heartbeat", "last_seq": int(seq)} | {"seq": int(seq)}:
            return max(seq, before or 0)
        case {"type": "replay.truncated", "oldest_seq": int(oldest)}:
            return oldest - 1
    return before
