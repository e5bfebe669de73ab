"""Cameras: added, listed, changed, removed, and what they show and have recorded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from videoqa.client.alerts import Alert, CameraStatus, Gap
from videoqa.client.documents import Page, read
from videoqa.client.flows import Call, Flow, Items, Query, at, worked
from videoqa.client.footage import instant, listed
from videoqa.client.retrying import answered, removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera; ``url`` is shown without its name, password and query, ``status`` None where nobody has watched it yet.

    ``keep`` and ``keep_events`` are seconds for which its footage, and that with alerts, is kept; None for ever, and as
    long as the rest. ``keep_bytes`` is how much of the disk it may take, 0 for all; ``period`` is in seconds, too.
    """

    id: str
    name: str
    url: str
    keep: float | None
    keep_events: float | None
    keep_bytes: int
    period: float
    detail: str
    tags: tuple[str, ...]
    enabled: bool
    added_at: datetime
    status: CameraStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A recording of a camera in its time line; ``end`` is None while the camera still adds to it."""

    recording: str
    start: datetime
    end: datetime | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A stretch that nobody looked at for the rules that ``cause`` names: an alert may be missing there.

    One that the key does not reach is called "a rule".
    """

    start: datetime
    end: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTimeline:
    """What there is of a camera between two times; ``start`` is later than asked for where there was too much."""

    camera: str
    start: datetime
    end: datetime
    recordings: tuple[Footage, ...]
    gaps: tuple[Gap, ...]
    not_looked_at: tuple[Unjudged, ...]
    alerts: tuple[Alert, ...]


def cameras() -> Items[Camera]:
    """The cameras in the order of their names."""
    yield from listed(Page[Camera], "/v1/cameras", {})


def camera(name: str) -> Flow[Camera]:
    """The camera of that name or id."""
    return read(Camera, (yield from answered(Call("GET", at("/v1/cameras/{}", name)))))


def add_camera(
    name: str,
    url: str,
    *,
    keep: timedelta | None = None,
    keep_events: timedelta | None = None,
    keep_bytes: int = 0,
    period: timedelta = timedelta(seconds=1),
    detail: str = "full",
    tags: Sequence[str] = (),
) -> Flow[Camera]:
    """Adds a camera, which is watched from then on. The password in ``url`` is never shown again."""
    body = {
        "name": name,
        "url": url,
        "keep": _seconds(keep),
        "keep_events": _seconds(keep_events),
        "keep_bytes": keep_bytes,
        "period": period.total_seconds(),
        "detail": detail,
        "tags": list(tags),
    }
    return read(Camera, (yield from answered(Call("POST", "/v1/cameras", json=body))))


def change_camera(
    name: str,
    *,
    url: str | None = None,
    keep: timedelta | None = None,
    tags: Sequence[str] | None = None,
    enabled: bool | None = None,
) -> Flow[Camera]:
    """Changes a camera; what is None stays. One that is not ``enabled`` is not watched."""
    wanted = {"url": url, "keep": _seconds(keep), "tags": None if tags is None else list(tags), "enabled": enabled}
    body = {name: value for name, value in wanted.items() if value is not None}
    call = Call("PATCH", at("/v1/cameras/{}", name), json=body, harmless=True)
    return read(Camera, (yield from answered(call)))


def remove_camera(name: str) -> Flow[None]:
    """Forgets a camera; what it recorded stays for as long as it was to be kept."""
    yield from removed(Call("DELETE", at("/v1/cameras/{}", name)))


def snapshot(name: str, to: str | os.PathLike[str]) -> Flow[Path]:
    """What a camera showed last as JPEG, in the file ``to``."""
    reply = yield from answered(Call("GET", at("/v1/cameras/{}/snapshot", name)))
    path = Path(to)
    yield from worked(partial(path.write_bytes, reply.content))
    return path


def timeline(name: str, *, since: datetime | None = None, until: datetime | None = None) -> Flow[CameraTimeline]:
    """Recordings, gaps and alerts of a camera between two times of the wall clock: the last day by default."""
    query: Query = {"from": instant(since), "to": instant(until)}
    call = Call("GET", at("/v1/cameras/{}/timeline", name), query)
    return read(CameraTimeline, (yield from answered(call)))


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()
