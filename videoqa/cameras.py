"""Cameras: named live sources, how they are, and where their footage has holes. Times of day are aware and in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_USER = re.compile(r"^((?:rtsp|http)s?:/*)?.*@", re.DOTALL | re.IGNORECASE)
_SITE = re.compile(r"([a-z]+://)(?:[^/?#\\]*@)?([^/?#\\@\s]*)", re.IGNORECASE)
_KEYS = re.compile(r"(?<=[?#=]).*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class StreamUrl:
    """Where a camera's pictures come from. Only ``text`` shows the name and password that may stand in it."""

    text: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The address as anybody may see it: without name and password, and without what follows a question mark or an
        equals sign, where some cameras want them.
        """
        return self.text if self.scheme == "file" else _KEYS.sub("***", _USER.sub(r"\1", self.text))

    @property
    def site(self) -> str:
        """Scheme, host and port alone: for addresses whose path is a secret, as those of many webhooks are."""
        found = _SITE.match(self.text)
        return "***" if found is None else "".join(found.groups())

    @property
    def scheme(self) -> str:
        return self.text.partition(":")[0].lower()

    def __str__(self) -> str:
        return self.shown


class CameraState(StrEnum):
    """How a camera is. ``off`` is one that nobody watches because it was switched off, or no service runs; ``removed``
    is the last that is told of one, and none that is there.
    """

    STARTING = "starting"
    ONLINE = "online"
    STALLED = "stalled"
    OFFLINE = "offline"
    AUTH_FAILED = "auth failed"
    NOT_FOUND = "not found"
    BAD_CODEC = "bad codec"
    OFF = "off"
    REMOVED = "removed"


class Detail(StrEnum):
    """What of a camera's stream is decoded: keyframes alone, or all that a look at the set period needs."""

    KEYFRAMES = "keyframes"
    FULL = "full"


class ClockSource(StrEnum):
    """What the wall clock of a session was taken from."""

    RTCP = "sender report"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what ``camera`` recorded is kept, be that camera there or not; fields as in ``Camera``."""

    camera: str
    keep: timedelta | None = None
    keep_events: timedelta | None = None
    keep_bytes: int = 0

    @property
    def bounded(self) -> bool:
        """False where everything is kept for ever."""
        return self.keep is not None or self.keep_bytes > 0


@dataclass(frozen=True, slots=True)
class Camera:
    """A named live source. ``id`` is what recordings, rules and keys know it by, and never changes.

    ``keep`` is how long its footage is kept, None for ever; ``keep_events`` how long that with alerts is, None as long
    as ``keep``; ``keep_bytes`` the disk that its footage may take, 0 for all. ``period`` is the time between two looks.
    """

    id: str
    name: str
    url: StreamUrl
    added_at: datetime
    keep: timedelta | None = None
    keep_events: timedelta | None = None
    keep_bytes: int = 0
    period: timedelta = timedelta(seconds=1)
    detail: Detail = Detail.FULL
    tags: tuple[str, ...] = ()
    enabled: bool = True
    owner: str = ""

    @property
    def limits(self) -> Limits:
        return Limits(self.id, self.keep, self.keep_events, self.keep_bytes)


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How a camera is since ``since``. ``problem`` says in a sentence what is wrong, empty where nothing is.

    ``recording`` is the id of the recording under way. ``dropped`` counts frames that came and nobody looked at,
    ``reconnects`` how often it was lost and came back: what videoqa begins anew by itself is none.
    """

    camera: str
    state: CameraState
    since: datetime
    problem: str = ""
    last_frame_at: datetime | None = None
    recording: str = ""
    width: int = 0
    height: int = 0
    codec: str = ""
    clock: ClockSource | None = None
    reconnects: int = 0
    dropped: int = 0


def id_called(name: str) -> str:
    """The id by which a camera that was removed is called. ``id:`` before it, as it stands in no id, tells it from the
    name of one that is there.
    """
    return name.removeprefix("id:")


def farewell(camera_id: str, last: CameraStatus | None) -> CameraStatus:
    """What is told of a camera when it is removed, which was last known to be as ``last`` says."""
    now = datetime.now(UTC)
    known = last or CameraStatus(camera_id, CameraState.OFF, now)
    return replace(known, state=CameraState.REMOVED, since=now, problem="", recording="")


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of wall clock of which a camera has no footage. ``end`` is None while it lasts."""

    camera: str
    start: datetime
    end: datetime | None
    cause: str
