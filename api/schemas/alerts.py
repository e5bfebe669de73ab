"""Alerts on the wire, and every message of the feed ``videoqa.alerts.v1``.

docs/alerts.schema.json is made of these models.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic_core import to_json

from api.schemas.timeline import RegionBody
from api.schemas.wire import WireModel, seconds
from videoqa.alerts import Alert, AlertState, Notice, NoticeKind, Severity, Verdict
from videoqa.cameras import CameraState, CameraStatus, ClockSource, Gap
from videoqa.media import ZERO
from videoqa.wording import Footage, ToldNotice, footage_of, words_of

SUBPROTOCOL = "videoqa.alerts.v1"
MOST_NAMES = 100
_BEARS = {NoticeKind.CAMERA_STATUS: "camera", NoticeKind.GAP: "gap"}
_BEFORE, _AFTER, _LONGEST = timedelta(seconds=3), timedelta(seconds=5), timedelta(seconds=60)

Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Names = Annotated[tuple[Name, ...], Field(max_length=MOST_NAMES)]


class RemarkBody(WireModel):
    """What somebody wrote to an alert."""

    at: datetime
    author: str
    text: str


class AlertBody(WireModel):
    """One rule's alert about one event. ``rule``, ``camera``, ``event`` and ``recording`` are ids.

    ``end`` is None while it lasts. ``recording``, ``snapshot_url`` and ``clip_url`` are None where its footage was
    deleted; the URLs are paths from the service's root. A message of the feed has the five newest ``remarks`` alone.
    """

    id: str
    rule: str
    camera: str
    event: str
    state: AlertState
    start: datetime
    end: datetime | None
    severity: Severity
    label: str
    description: str
    confidence: float
    verdict: Verdict
    recording: str | None
    snapshot_url: str | None
    clip_url: str | None
    region: RegionBody | None
    acknowledged_by: str
    false_alarm: bool
    remarks: tuple[RemarkBody, ...]

    @classmethod
    def from_domain(cls, alert: Alert, *, footage: bool = True) -> Self:
        """``footage`` is False where what it was seen in is known to be gone."""
        return cls.model_validate(words_of(alert) | _urls(footage_of(alert) if footage else None))


class CameraStatusBody(WireModel):
    """How a camera is since ``since``; ``recording`` is the id of the recording under way, None where there is none."""

    id: str
    state: CameraState
    since: datetime
    problem: str
    last_frame_at: datetime | None
    recording: str | None
    width: int
    height: int
    codec: str
    clock: ClockSource | None
    reconnects: int
    dropped: int

    @classmethod
    def from_domain(cls, status: CameraStatus) -> Self:
        return cls.model_validate(words_of(status))


class GapBody(WireModel):
    """A stretch of the wall clock of which a camera has no footage; ``end`` is None while it lasts."""

    camera: str
    start: datetime
    end: datetime | None
    cause: str

    @classmethod
    def from_domain(cls, gap: Gap) -> Self:
        return cls.model_validate(words_of(gap))


class _Said(WireModel):
    """What the service says: whatever has a default is said all the same."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class AlertMessage(_Said):
    """Something became of an alert; ``at`` is when that was written down."""

    seq: int
    type: Literal[NoticeKind.ALERT_NEW, NoticeKind.ALERT_UPDATE, NoticeKind.ALERT_END]
    at: datetime
    alert: AlertBody


class StatusMessage(_Said):
    """A camera is otherwise than it was."""

    seq: int
    type: Literal[NoticeKind.CAMERA_STATUS]
    at: datetime
    camera: CameraStatusBody


class GapMessage(_Said):
    """A camera's footage has a hole, or one that is over now."""

    seq: int
    type: Literal[NoticeKind.GAP]
    at: datetime
    gap: GapBody


class HeartbeatMessage(_Said):
    """Every 15 s: whoever hears none has lost the feed. All up to ``last_seq`` that was wanted has been told."""

    type: Literal["heartbeat"] = "heartbeat"
    last_seq: int


class TruncatedMessage(_Said):
    """What was asked for cannot be told: the next message is ``oldest_seq`` or one behind it.

    Where ``reason`` is "forgotten", what lay before is not kept any more: there is a hole. Where it is "ahead", the
    number that was asked for is none of this log, and nothing was left out: it comes from another one, or the log was
    put back, and what its client has of it is not what stands here.
    """

    type: Literal["replay.truncated"] = "replay.truncated"
    oldest_seq: int
    reason: Literal["forgotten", "ahead"] = "forgotten"


class FilteredMessage(_Said):
    """From now on these are told: ids, all of a kind where there are none. Cameras' own messages are told only where
    neither rules nor severities are asked for.
    """

    type: Literal["filtered"] = "filtered"
    camera: tuple[str, ...]
    rule: tuple[str, ...]
    severity: tuple[Severity, ...]


class ErrorMessage(_Said):
    """Something was wrong; ``code`` is one of those of the service's problems, ``detail`` says what to do."""

    type: Literal["error"] = "error"
    code: str
    detail: str


class AuthMessage(WireModel):
    """The first message of a client that sent neither header nor cookie, within 5 s."""

    type: Literal["auth"]
    key: Annotated[str, StringConstraints(min_length=1, max_length=300)]


class FilterMessage(WireModel):
    """What a client wants to be told from now on: names or ids, all of a kind where there are none."""

    type: Literal["filter"]
    camera: Names = ()
    rule: Names = ()
    severity: Annotated[tuple[Severity, ...], Field(max_length=MOST_NAMES)] = ()


NoticeMessage = AlertMessage | StatusMessage | GapMessage
"""What is stored, and told with its ``seq``."""
ServerMessage = Annotated[
    NoticeMessage | HeartbeatMessage | TruncatedMessage | FilteredMessage | ErrorMessage, Field(discriminator="type")
]
ClientMessage = Annotated[AuthMessage | FilterMessage, Field(discriminator="type")]
SERVER: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def message_of(notice: Notice, *, footage: bool = True) -> NoticeMessage:
    """``notice`` as it is told; ``footage`` is False where that of its alert is known to be gone."""
    if notice.alert is not None:
        alert = AlertBody.from_domain(notice.alert, footage=footage)
        return AlertMessage(seq=notice.seq, type=notice.kind, at=notice.at, alert=alert)  # type: ignore[arg-type]
    if notice.status is not None:
        camera = CameraStatusBody.from_domain(notice.status)
        return StatusMessage(seq=notice.seq, type=NoticeKind.CAMERA_STATUS, at=notice.at, camera=camera)
    assert notice.gap is not None
    return GapMessage(seq=notice.seq, type=NoticeKind.GAP, at=notice.at, gap=GapBody.from_domain(notice.gap))


def text_of(told: ToldNotice, *, footage: bool = True) -> str:
    """``message_of`` as JSON, put together of what is JSON already."""
    head, bears = f'{{"seq":{told.seq},"type":"{told.kind.value}","at":"{told.at}"', _BEARS.get(told.kind, "alert")
    if bears != "alert":
        return f'{head},"{bears}":{told.words}}}'
    seen = to_json(_urls(told.footage if footage else None)).decode()
    return f'{head},"alert":{told.words[:-1]},{seen[1:]}}}'


def _urls(footage: Footage | None) -> dict[str, str | None]:
    """The picture that shows it best, and a clip from shortly before it until it is over, a minute at most."""
    if footage is None:
        return {"recording": None, "snapshot_url": None, "clip_url": None}
    path = f"/v1/recordings/{quote(footage.recording, safe='')}"
    begin = max(ZERO, footage.offset - _BEFORE)
    end = min(footage.offset + footage.lasted + _AFTER, begin + _LONGEST)
    return {
        "recording": footage.recording,
        "snapshot_url": f"{path}/thumbnail?at={seconds(footage.shown):.3f}",
        "clip_url": f"{path}/clip?from={seconds(begin):.3f}&to={seconds(end):.3f}",
    }
