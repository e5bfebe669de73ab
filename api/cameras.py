"""Cameras: listed, added, changed, removed, and what they show and have recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.auth import Operator, Viewer
from api.live_reach import camera_of, rule_names
from api.motion_jpeg import MotionJpeg, Pictures
from api.ranges import Version, not_modified
from api.schemas.alerts import AlertBody, GapBody
from api.schemas.cameras import (
    CameraBody,
    CameraChange,
    CameraPage,
    CameraTimeline,
    FootageBody,
    NewCamera,
    UnjudgedBody,
)
from api.schemas.instants import Instant
from api.service import Parts, Service
from api.sniffing import JPEG
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.alerting.blind import unjudged_yet
from videoqa.alerting.unjudged import unjudged
from videoqa.cameras import Camera
from videoqa.errors import EmptyStretch, NoPicture
from videoqa.media import Recording, RecordingState
from videoqa.ports import AlertFilter, RecordingFilter

router = APIRouter(prefix="/v1/cameras", tags=["cameras"])

_MOST = 2000
_A_PAGE = 500
_DAY = timedelta(days=1)
_LONGEST_RECORDING = timedelta(hours=2)
"""One that began longer before a stretch does not reach into it: a camera's recordings roll over every hour."""
_PICTURE = {"schema": {"type": "string", "format": "binary"}}


@router.get("")
async def list_cameras(*, service: Parts, caller: Viewer) -> CameraPage:
    """Cameras in the order of their names, and how each is."""

    def page() -> CameraPage:
        return CameraPage(items=tuple(_body(service, camera) for camera in service.setting_up.reached(caller.scope)))

    return await in_thread(page)


@router.post("", status_code=201)
async def add_camera(*, service: Parts, caller: Operator, wanted: NewCamera, response: Response) -> CameraBody:
    """Adds a camera, which is watched from then on. The name and password in its `url` are never shown again.

    A key that is limited to some tags gives those to what it adds. `file:` addresses are for admins.
    """
    added = await in_thread(lambda: service.setting_up.add_camera(wanted.wishes, caller), waiting=True)
    response.headers["Location"] = f"/v1/cameras/{added.id}"
    return CameraBody.from_domain(added, None)


@router.get("/{camera_id}")
async def show_camera(*, service: Parts, caller: Viewer, camera_id: str) -> CameraBody:
    """One camera, by its id or name."""
    return await in_thread(lambda: _body(service, camera_of(service, caller, camera_id)))


@router.patch("/{camera_id}")
async def change_camera(*, service: Parts, caller: Operator, camera_id: str, change: CameraChange) -> CameraBody:
    """Changes a camera; its id stays. One that is not `enabled` is not watched."""

    def changed() -> CameraBody:
        camera = camera_of(service, caller, camera_id)
        return _body(service, service.setting_up.change_camera(camera, change.applied(camera), caller))

    return await in_thread(changed, waiting=True)


@router.delete("/{camera_id}", status_code=204)
async def remove_camera(*, service: Parts, caller: Operator, camera_id: str) -> Response:
    """Forgets a camera. What it recorded stays for as long as it was to be kept, and so do its alerts."""

    def remove() -> None:
        service.setting_up.cameras.remove(camera_of(service, caller, camera_id).id)

    await in_thread(remove, storing=True)
    return Response(status_code=204)


@router.get(
    "/{camera_id}/snapshot",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": _PICTURE}},
        304: {"description": "It is what If-None-Match or If-Modified-Since says."},
    },
)
async def snapshot_of_camera(*, request: Request, service: Parts, caller: Viewer, camera_id: str) -> Response:
    """What the camera showed last, as JPEG. `Last-Modified` is when that was."""
    camera = await in_thread(lambda: camera_of(service, caller, camera_id))
    shown = await in_thread(lambda: service.snapshots.latest(camera.id))
    if shown is None:
        raise NoPicture(name=camera.name, problem=await in_thread(lambda: _problem(service, camera)))
    version = Version(f'"{round(shown.taken_at.timestamp() * 1000):x}"', shown.taken_at)
    headers = {"ETag": version.etag, "Last-Modified": version.last_modified or "", "Cache-Control": "private, no-cache"}
    if not_modified(request.headers, version):
        return Response(status_code=304, headers=headers)
    return Response(shown.jpeg, media_type=JPEG.media_type, headers=headers)


@router.get(
    "/{camera_id}/mjpeg",
    status_code=200,
    response_class=MotionJpeg,
    responses={200: {"content": {MotionJpeg.media_type: _PICTURE}, "description": "Each picture as it is taken."}},
)
async def motion_of_camera(
    *,
    request: Request,
    service: Parts,
    caller: Viewer,
    camera_id: str,
    count: Annotated[int, Query(ge=0, le=10**6, description="End after so many pictures; 0 for no end.")] = 0,
) -> Response:
    """What the camera shows, a picture for each look: for an `img` element, or a recorder that knows nothing better."""
    camera = await in_thread(lambda: camera_of(service, caller, camera_id))
    pictures: Pictures = request.app.state.pictures
    return MotionJpeg(pictures, caller, camera, count)


@router.get("/{camera_id}/timeline")
async def timeline_of_camera(
    *,
    service: Parts,
    caller: Viewer,
    camera_id: str,
    begin: Annotated[
        Instant | None, Query(alias="from", description="A day before `to` where it is not given.")
    ] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Now where it is not given.")] = None,
) -> CameraTimeline:
    """What there is of a camera between two times of the wall clock: recordings, gaps with their causes, alerts, and
    what nobody looked at for a rule.

    The latest 2,000 of each: `start` says where it was cut.
    """
    until = end or datetime.now(UTC)
    since = begin or until - _DAY
    if since >= until:
        raise EmptyStretch(start=since.isoformat(), end=until.isoformat())
    return await in_thread(lambda: _timeline(service, caller, camera_id, since, until))


def _body(service: Service, camera: Camera) -> CameraBody:
    return CameraBody.from_domain(camera, service.setting_up.cameras.status(camera.id))


def _problem(service: Service, camera: Camera) -> str:
    status = service.setting_up.cameras.status(camera.id)
    return "nobody has watched it yet" if status is None else status.problem or f"it is {status.state}"


def _timeline(service: Service, caller: Caller, name: str, since: datetime, until: datetime) -> CameraTimeline:
    camera = camera_of(service, caller, name)
    gaps = service.setting_up.cameras.gaps(camera.id, since, until, _MOST)
    if len(gaps) == _MOST:
        since = max(since, gaps[0].start)
    footage: list[FootageBody] = []
    seen: list[Recording] = []
    for recording, started_at in _recordings(service, caller, camera, since, until):
        if len(footage) == _MOST:
            since = max(since, footage[-1].start)
            break
        seen.append(recording)
        footage.append(FootageBody.from_domain(recording, started_at))
    wanted = AlertFilter(cameras=frozenset({camera.id}), since=since, until=until, scope=caller.scope)
    alerts = service.alerts.alerts(wanted, limit=_MOST)
    if len(alerts) == _MOST:
        since = max(since, alerts[-1].start)
    names = rule_names(service, caller)
    missed = unjudged(service.archive, seen, names, _MOST, before=until)
    if len(missed) == _MOST:
        since = max(since, missed[0].start)
    # What lies before the latest of the four places where it was cut is told of when it is asked for.
    blind = service.setting_up.blind(camera, service.keys.keys())
    yet = unjudged_yet(service.setting_up.cameras.status(camera.id), seen, blind, names)
    within = [each for each in (*missed, *yet) if each.end > since and each.start < until]
    return CameraTimeline(
        camera=camera.id,
        start=since,
        end=until,
        recordings=tuple(each for each in reversed(footage) if each.end is None or each.end > since),
        gaps=tuple(GapBody.from_domain(gap) for gap in gaps if gap.end is None or gap.end > since),
        not_looked_at=tuple(UnjudgedBody.from_domain(each) for each in within),
        alerts=tuple(AlertBody.from_domain(alert) for alert in reversed(alerts)),
    )


def _recordings(
    service: Service, caller: Caller, camera: Camera, since: datetime, until: datetime
) -> Iterator[tuple[Recording, datetime]]:
    """Those any part of which lies between the two, the youngest first, and when each began."""
    earliest = max(since, datetime.min.replace(tzinfo=UTC) + _LONGEST_RECORDING) - _LONGEST_RECORDING
    wanted = RecordingFilter(scope=caller.scope, camera=camera.id, started_from=earliest, started_before=until)
    after = None
    while page := service.archive.page(wanted, after, _A_PAGE):
        for recording in page:
            began = recording.started_at
            under_way = recording.state is RecordingState.RECORDING
            if began is not None and (under_way or began + recording.length > since):
                yield recording, began
        if len(page) < _A_PAGE:
            return
        after = page[-1].id
