"""The subtitle files that were brought for a recording, one a language: listed, shown, put, removed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.auth import Operator, Viewer, visible
from api.limits import Uploading
from api.schemas.subtitles import SubtitleBody, SubtitlePage
from api.service import Parts
from api.sniffing import Kind, disposition
from api.threads import in_thread
from videoqa.errors import SubtitlesTooLarge

LARGEST = 4 * 2**20
"""Bytes of a subtitle file at most."""
router = APIRouter(prefix="/v1/recordings/{recording_id}/subtitles", tags=["recordings"])
_KINDS = {
    ".srt": Kind("application/x-subrip", ".srt", media=False),
    ".vtt": Kind("text/vtt", ".vtt", media=False),
}
_FILE = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = {kind.media_type: _FILE for kind in _KINDS.values()}
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"*/*": _FILE}}}
_CHANGED: dict[int | str, dict[str, Any]] = {200: {"model": SubtitleBody, "description": "There was one of that name."}}
Name = Annotated[
    str, Path(max_length=255, description="`talk.srt`, or with its language `talk.en.srt`, `talk.zh.vtt`.")
]


@router.get("")
async def list_subtitles(*, service: Parts, caller: Viewer, recording_id: str) -> SubtitlePage:
    """The subtitle files that were brought for a recording, by name. Those inside or beside its file are not among
    them; `/captions.vtt` has the lines of all.
    """
    recording = await visible(service, caller, recording_id)
    files = await in_thread(lambda: service.subtitles.files(recording.id))
    return SubtitlePage(items=tuple(SubtitleBody.from_domain(file) for file in files))


@router.get("/{track}", response_class=Response, responses={200: {"content": _CONTENT}})
async def show_subtitles(*, service: Parts, caller: Viewer, recording_id: str, track: Name) -> Response:
    """A subtitle file as it was brought."""
    recording = await visible(service, caller, recording_id)
    content = await in_thread(lambda: service.subtitles.content(recording.id, track))
    kind = _KINDS[track[-4:].lower()]
    return Response(content, media_type=kind.media_type, headers={"Content-Disposition": disposition(track, kind)})


@router.put("/{track}", status_code=201, openapi_extra=_BODY, responses=_CHANGED)
async def put_subtitles(
    *,
    request: Request,
    response: Response,
    service: Parts,
    caller: Operator,
    recording_id: str,
    track: Name,
    allowance: Uploading,
) -> SubtitleBody:
    """Brings a subtitle file for a recording, which is indexed again with it.

    SubRip or WebVTT in any encoding, up to 4 MiB. It takes the place of the one in the same language, which its name
    tells, and goes before one beside the footage in that language.
    """
    recording = await visible(service, caller, recording_id)
    content = await _body(request, track)
    await allowance.charge(len(content))
    before = await in_thread(lambda: service.subtitles.files(recording.id))
    await in_thread(lambda: service.intake.subtitle(recording, track, content), slow=True)
    if any(file.name == track for file in before):
        response.status_code = 200
    kept = await in_thread(lambda: service.subtitles.files(recording.id))
    return next(SubtitleBody.from_domain(file) for file in kept if file.name == track)


@router.delete("/{track}", status_code=204)
async def remove_subtitles(*, service: Parts, caller: Operator, recording_id: str, track: Name) -> Response:
    """Removes a subtitle file that was brought for a recording, which is indexed again without it."""
    recording = await visible(service, caller, recording_id)
    await in_thread(lambda: service.intake.drop_subtitle(recording, track), storing=True)
    return Response(status_code=204)


async def _body(request: Request, name: str) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise SubtitlesTooLarge(name=name, limit=LARGEST)
    return bytes(body)
