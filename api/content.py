"""Footage to be shown: a recording's own file, stills and clips of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, BinaryIO
from weakref import WeakValueDictionary

import anyio
from fastapi import APIRouter, Query, Request, Response

from api.auth import Viewer, seen, visible
from api.ranges import Version, not_modified
from api.service import Parts
from api.sharing import Shared, unless_gone
from api.slices import file_response
from api.sniffing import HEAD, JPEG, MP4, Kind, disposition, sniffed
from api.threads import in_thread
from videoqa.errors import EmptyStretch, NoSuchFile, OutsideRecording
from videoqa.media import ZERO, Recording, RecordingState, Span
from videoqa.ports import Clips, Cut
from videoqa.times import clock

router = APIRouter(prefix="/v1/recordings/{recording_id}", tags=["footage"])
_Second = Annotated[float, Query(ge=0, le=10**7, allow_inf_nan=False)]
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_PARTS: dict[int | str, dict[str, Any]] = {
    206: {"description": "The bytes that Range asks for.", "content": {"*/*": _BYTES}},
    304: {"description": "It is what If-None-Match or If-Modified-Since says."},
    410: {"description": "The file is not where it was."},
    416: {"description": "There is nothing where Range asks for it."},
}
# By the ids of keys: one of them alone does not take all that cuts.
_CLIPS_AT_ONCE = 2
_TRIES = 3
_CUTTING = Shared[Cut]()
_TURNS: WeakValueDictionary[str, anyio.Semaphore] = WeakValueDictionary()
# A browser may open footage as a page of its own: it then can do nothing, and load nothing but itself.
_HARMLESS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; media-src 'self'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_REVALIDATED = {"Cache-Control": "private, no-cache"}
_STILL = {"Cache-Control": "private, max-age=3600"}
_NOT_KEPT = {"Cache-Control": "no-store"}


@router.get("/content", response_class=Response, responses={200: {"content": {"*/*": _BYTES}}, **_PARTS})
@router.head("/content", response_class=Response, operation_id="head_content")
async def content_of_recording(
    *, request: Request, service: Parts, caller: Viewer, recording_id: str, download: bool = False
) -> Response:
    """The file of a recording as it was brought, whole or in ranges. `download` has a browser save it."""

    def opened() -> tuple[Recording, BinaryIO, Kind, datetime]:
        recording = seen(service, caller, recording_id)
        return recording, *_looked_at(service.clips.original(recording))

    # A player that seeks asks often, and one thread is waited for in less time than two.
    recording, file, kind, modified = await in_thread(opened)
    # To one under way its camera adds: what somebody has of it is the beginning of what there is.
    grown = f"-{os.fstat(file.fileno()).st_size}" if recording.state is RecordingState.RECORDING else ""
    version = Version(f'"{recording.digest}{grown}"', modified)
    return file_response(request, file, version, kind.media_type, _headers(recording, kind, download=download))


@router.get("/clip", response_class=Response, responses={200: {"content": {"video/mp4": _BYTES}}, **_PARTS})
@router.head("/clip", response_class=Response, operation_id="head_clip")
async def clip_of_recording(
    *,
    request: Request,
    service: Parts,
    caller: Viewer,
    recording_id: str,
    begin: Annotated[float, Query(alias="from", ge=0, le=10**7, allow_inf_nan=False)],
    end: Annotated[float, Query(alias="to", ge=0, le=10**7, allow_inf_nan=False)],
    anew: Annotated[bool, Query(description="Have it encoded anew, as H.264, whatever its codec.")] = False,
    download: bool = False,
) -> Response:
    """An MP4 of the stretch between `from` and `to`, in seconds.

    It is not encoded anew where its codec allows that, and so begins at a keyframe: `X-Clip-Start` says at which second
    of the recording its own second 0 is, `X-Clip-End` where it ends. `X-Clip-Copied` is `false` where it had to be
    encoded anew, smaller.
    """
    recording = await visible(service, caller, recording_id)
    span = _span(recording, begin, end)
    cut, file = await unless_gone(
        request, asyncio.ensure_future(_cut(service.clips, recording, span, anew=anew, key_id=caller.key_id))
    )
    told = {
        "X-Clip-Start": str(cut.span.start.total_seconds()),
        "X-Clip-End": str(cut.span.end.total_seconds()),
        "X-Clip-Copied": str(cut.copied).lower(),
    }
    title = f"{recording.title} {clock(span.start)}".replace(":", ".")
    named = {**told, **_headers(recording, MP4, title=title, download=download)}
    return file_response(request, file, Version(f'"{cut.path.stem}"'), MP4.media_type, named)


@router.get(
    "/thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": _BYTES}}, 304: _PARTS[304], 410: _PARTS[410]},
)
async def thumbnail_of_recording(
    *,
    request: Request,
    service: Parts,
    caller: Viewer,
    recording_id: str,
    at: _Second | None = None,
    width: Annotated[int, Query(ge=64, le=1920, description="Pixels of its longer side, at most.")] = 480,
) -> Response:
    """The picture on show at the second `at`, as JPEG; without one, a picture from its beginning."""
    recording = await visible(service, caller, recording_id)
    moment = timedelta(seconds=at) if at is not None else _opening(recording)
    _check_within(recording, moment)
    # One picture by one name: nothing need be decoded to know that somebody has it.
    version = Version(f'"{recording.digest[:32]}-{moment // timedelta(microseconds=1)}-{width}"')
    # Of one under way it may not have come to the disk yet; the one before it is shown until then.
    kept = {**_STILL, "ETag": version.etag} if recording.state is not RecordingState.RECORDING else _NOT_KEPT
    headers = {**_headers(recording, JPEG), **kept}
    if "ETag" in kept and not_modified(request.headers, version):
        return Response(status_code=304, headers=headers)
    jpeg = await in_thread(lambda: service.clips.thumbnail(recording, moment, width), slow=True)
    return Response(jpeg, media_type=JPEG.media_type, headers=headers)


async def _cut(clips: Clips, recording: Recording, span: Span, *, anew: bool, key_id: str) -> tuple[Cut, BinaryIO]:
    about = recording.id, recording.digest, recording.source, span, anew
    async with _TURNS.setdefault(key_id, anyio.Semaphore(_CLIPS_AT_ONCE)):
        # Between its being cut and opened, room may be made for another one, or the recording removed.
        for _ in range(_TRIES):
            cut = await _CUTTING.result(about, lambda: clips.clip(recording, span, anew=anew))
            with contextlib.suppress(FileNotFoundError):
                return cut, await in_thread(partial(_opened, cut))
    raise NoSuchFile(problem="its clip is removed as soon as it is cut")


def _opened(cut: Cut) -> BinaryIO:
    return cut.path.open("rb")


def _headers(recording: Recording, kind: Kind, *, title: str = "", download: bool = False) -> Mapping[str, str]:
    named = disposition(title or recording.title, kind, download=download)
    return {**_HARMLESS, **_REVALIDATED, "Content-Disposition": named}


def _looked_at(file: BinaryIO) -> tuple[BinaryIO, Kind, datetime]:
    kind = sniffed(os.pread(file.fileno(), HEAD, 0))
    return file, kind, datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _span(recording: Recording, begin: float, end: float) -> Span:
    start = timedelta(seconds=begin)
    if end <= begin:
        raise EmptyStretch(start=clock(start), end=clock(timedelta(seconds=end)))
    _check_within(recording, start)
    return Span(start, max(timedelta(seconds=end), start + timedelta(microseconds=1)))


def _check_within(recording: Recording, at: timedelta) -> None:
    # How long a recording is that was not looked at yet, nobody knows.
    if recording.length > ZERO and at >= recording.length:
        raise OutsideRecording(title=recording.title, length=clock(recording.length))


def _opening(recording: Recording) -> timedelta:
    """A moment of ``recording`` to know it by: its very first picture is black too often."""
    return min(recording.length / 10, timedelta(seconds=20))
