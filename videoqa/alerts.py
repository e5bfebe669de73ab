"""Rules over cameras, and the alerts that they give. Times are aware and in UTC unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from videoqa.cameras import CameraStatus, Gap
from videoqa.events import Region

Point = tuple[float, float]
"""A place in the picture: fractions of its width and height from the top left corner, 0 to 1."""


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ConditionKind(StrEnum):
    """What a rule waits for. ``described`` is said in plain language and needs a model; the others need none.

    ``motion``: something moves (in the zone). ``stillness``: nothing has moved (there) for ``lasting``. ``crossing``:
    motion goes over the line, from its left to its right as one walks from its first point to its second.
    ``text``: ``text`` can be read. ``covered``: the picture is blocked, black or blank. ``turned``: the camera looks
    elsewhere than it did.
    """

    DESCRIBED = "described"
    MOTION = "motion"
    STILLNESS = "stillness"
    CROSSING = "crossing"
    TEXT = "text"
    COVERED = "covered"
    TURNED = "turned"


@dataclass(frozen=True, slots=True)
class Condition:
    """``zone`` is a polygon of three points or more, empty for the whole picture; ``line`` two points of a crossing.

    ``lasting`` is how long it must hold before there is an alert. ``strength`` is the least one of a motion, 0 to 1.
    """

    kind: ConditionKind
    text: str = ""
    zone: tuple[Point, ...] = ()
    line: tuple[Point, ...] = ()
    lasting: timedelta = timedelta(0)
    strength: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule is armed: from ``start`` to ``end`` by the clock of ``zone`` (IANA), over midnight where ``end`` is
    no later, on the ``days`` (0 is Monday) on which such a stretch starts.
    """

    start: time
    end: time
    zone: str
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class AlertRule:
    """A condition over cameras. ``cameras`` are ids, empty for all that ``owner`` reaches.

    Within ``cooldown`` of an alert the same thing gives no other one; something else does.
    """

    id: str
    name: str
    condition: Condition
    added_at: datetime
    cameras: frozenset[str] = frozenset()
    schedule: Schedule | None = None
    cooldown: timedelta = timedelta(minutes=1)
    severity: Severity = Severity.MEDIUM
    enabled: bool = True
    owner: str = ""


class AlertState(StrEnum):
    """``open`` while it lasts; whoever has seen to it acknowledges it; or it was none."""

    OPEN = "open"
    ENDED = "ended"


class Verdict(StrEnum):
    """What the second, finer look at an alert said; of a signal's alert that there was none to be had."""

    CONFIRMED = "confirmed"
    SIGNALS = "by signals"
    UNCONFIRMED = "unconfirmed"


MOST_REMARKS = 50
"""An alert takes so many, all of which are read and written with it."""
TOLD_REMARKS = 5
"""A notice tells of so many, the newest."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody wrote to an alert."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule's alert about one event. ``recording`` and ``event`` are those in which it began.

    ``offset`` is its start within that recording; ``region`` is where in the picture; ``frames`` are the pts that show
    it, the best one first. ``acknowledged_by`` and ``false_alarm`` are what people said of it. ``identity`` tells what
    it is about from something else where that can be told, and ``seen_at`` is when that was seen last: by both a
    restart goes on.
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
    recording: str
    offset: timedelta
    frames: tuple[timedelta, ...] = ()
    region: Region | None = None
    acknowledged_by: str = ""
    false_alarm: bool = False
    remarks: tuple[Remark, ...] = ()
    identity: str = ""
    seen_at: datetime | None = None


def last_seen(alert: Alert, status: CameraStatus | None) -> datetime:
    """When what an open alert is about was seen last; ``status`` is its camera's, as it was last known."""
    seen = max(alert.start, alert.seen_at or alert.start)
    return seen if status is None or status.last_frame_at is None else max(seen, status.last_frame_at)


def let_go(alert: Alert, status: CameraStatus | None) -> Alert:
    """An open alert as it is once nobody looks for it any more; ``status`` is as in ``last_seen``."""
    return replace(alert, state=AlertState.ENDED, end=last_seen(alert, status))


class NoticeKind(StrEnum):
    """What a line of the alert log tells of."""

    ALERT_NEW = "alert.new"
    ALERT_UPDATE = "alert.update"
    ALERT_END = "alert.end"
    CAMERA_STATUS = "camera.status"
    GAP = "gap"

    @property
    def of_alert(self) -> bool:
        return self in (NoticeKind.ALERT_NEW, NoticeKind.ALERT_UPDATE, NoticeKind.ALERT_END)


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the alert log. ``seq`` rises strictly in the order of commits and is never used again; ``at`` is when
    it was committed. It bears exactly one of ``alert``, ``status`` and ``gap``, as it was then.

    ``tags`` are those of a camera that was removed, by which nobody could look it up any more: of that it was, and of
    each alert that ended with it; elsewhere none.
    """

    seq: int
    kind: NoticeKind
    at: datetime
    alert: Alert | None = None
    status: CameraStatus | None = None
    gap: Gap | None = None
    tags: tuple[str, ...] = ()

    @property
    def camera(self) -> str:
        told = self.alert or self.status or self.gap
        return "" if told is None else told.camera
