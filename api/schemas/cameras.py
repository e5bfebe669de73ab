"""What the routes about cameras take and answer. An address is shown without its name, password and query."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints

from api.schemas.alerts import AlertBody, CameraStatusBody, GapBody
from api.schemas.recordings import MOST_TAGS, Page, Tag
from api.schemas.wire import ChangeBody, WireModel, seconds
from videoqa.alerting.setting_up import LONGEST_NAME, CameraWishes
from videoqa.alerting.unjudged import Unjudged
from videoqa.cameras import Camera, CameraStatus, Detail, StreamUrl
from videoqa.media import Recording, RecordingState

_DAYS = 86_400.0
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]
Url = Annotated[SecretStr, Field(min_length=1, max_length=2000)]
Keep = Annotated[float, Field(ge=60, le=3650 * _DAYS, allow_inf_nan=False)]
KeepBytes = Annotated[int, Field(strict=True, ge=0, le=2**60)]
Period = Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)]


class CameraBody(WireModel):
    """A camera. ``url`` is shown without its name, password and query.

    ``keep`` is for how many seconds its footage is kept, None for ever; ``keep_events`` for how many that with alerts
    is, None as long as ``keep``; ``keep_bytes`` how much of the disk it may take, 0 for all. ``period`` is the
    number of seconds between two looks. ``status`` is None where nobody has watched it yet.
    """

    id: str
    name: str
    url: str
    keep: float | None
    keep_events: float | None
    keep_bytes: int
    period: float
    detail: Detail
    tags: tuple[str, ...]
    enabled: bool
    added_at: datetime
    status: CameraStatusBody | None

    @classmethod
    def from_domain(cls, camera: Camera, status: CameraStatus | None) -> Self:
        return cls(
            id=camera.id,
            name=camera.name,
            url=camera.url.shown,
            keep=None if camera.keep is None else seconds(camera.keep),
            keep_events=None if camera.keep_events is None else seconds(camera.keep_events),
            keep_bytes=camera.keep_bytes,
            period=seconds(camera.period),
            detail=camera.detail,
            tags=camera.tags,
            enabled=camera.enabled,
            added_at=camera.added_at,
            status=None if status is None else CameraStatusBody.from_domain(status),
        )


class CameraPage(Page[CameraBody]):
    """Cameras in the order of their names."""


class NewCamera(WireModel):
    """A camera to be added. ``url`` begins with rtsp, http, https or, for admins, file, and may hold a name and
    password, which are never shown again. Times in seconds; ``keep`` None keeps its footage for ever.
    """

    name: Name
    url: Url
    keep: Keep | None = None
    keep_events: Keep | None = None
    keep_bytes: KeepBytes = 0
    period: Period = 1.0
    detail: Detail = Detail.FULL
    tags: Tags = ()

    @property
    def wishes(self) -> CameraWishes:
        return CameraWishes(
            name=self.name,
            url=StreamUrl(self.url.get_secret_value()),
            keep=_time(self.keep),
            keep_events=_time(self.keep_events),
            keep_bytes=self.keep_bytes,
            period=timedelta(seconds=self.period),
            detail=self.detail,
            tags=tuple(sorted(set(self.tags))),
        )


class CameraChange(ChangeBody):
    """What is to be changed of a camera; what is left out stays. ``keep`` and ``keep_events`` may be given as null."""

    name: Name | None = None
    url: Url | None = None
    keep: Keep | None = None
    keep_events: Keep | None = None
    keep_bytes: KeepBytes | None = None
    period: Period | None = None
    detail: Detail | None = None
    tags: Tags | None = None
    enabled: Annotated[bool, Field(strict=True)] | None = None

    def applied(self, camera: Camera) -> CameraWishes:
        """What the camera is to be."""
        given = self.model_fields_set
        return CameraWishes(
            name=self.name or camera.name,
            url=camera.url if self.url is None else StreamUrl(self.url.get_secret_value()),
            keep=_time(self.keep) if "keep" in given else camera.keep,
            keep_events=_time(self.keep_events) if "keep_events" in given else camera.keep_events,
            keep_bytes=camera.keep_bytes if self.keep_bytes is None else self.keep_bytes,
            period=camera.period if self.period is None else timedelta(seconds=self.period),
            detail=self.detail or camera.detail,
            tags=camera.tags if self.tags is None else tuple(sorted(set(self.tags))),
            enabled=camera.enabled if self.enabled is None else self.enabled,
        )


class FootageBody(WireModel):
    """A recording of a camera in its time line; ``end`` is None while the camera still adds to it."""

    recording: str
    start: datetime
    end: datetime | None
    state: RecordingState

    @classmethod
    def from_domain(cls, recording: Recording, started_at: datetime) -> Self:
        under_way = recording.state is RecordingState.RECORDING
        return cls(
            recording=recording.id,
            start=started_at,
            end=None if under_way else started_at + recording.length,
            state=recording.state,
        )


class UnjudgedBody(WireModel):
    """A stretch that nobody looked at for the rules that ``cause`` names: an alert may be missing there.

    One that the key does not reach is called "a rule".
    """

    start: datetime
    end: datetime
    cause: str

    @classmethod
    def from_domain(cls, unjudged: Unjudged) -> Self:
        return cls(start=unjudged.start, end=unjudged.end, cause=unjudged.cause)


class CameraTimeline(WireModel):
    """What there is of a camera between two times of the wall clock, in order of time.

    ``start`` is later than asked for where there was more than one answer holds: ask again with it as the end.
    """

    camera: str
    start: datetime
    end: datetime
    recordings: tuple[FootageBody, ...]
    gaps: tuple[GapBody, ...]
    not_looked_at: tuple[UnjudgedBody, ...]
    alerts: tuple[AlertBody, ...]


def _time(amount: float | None) -> timedelta | None:
    return None if amount is None else timedelta(seconds=amount)
