"""/v1/uploads: files in pieces, which survive what happens to the line and to either end. It is tus 1.0.0."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from api.auth import Operator
from api.limits import Uploading
from api.schemas.uploads import UploadBody
from api.service import Parts
from api.uploads import headers
from api.uploads.fetching import is_fetched
from api.uploads.pieces import Uploads


class TusRoute(APIRoute):
    """A route whose every answer, a problem too, says which version it speaks."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def versioned(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                told["Tus-Resumable"] = headers.VERSION
                if message["status"] == 412:
                    told["Tus-Version"] = headers.VERSION
            await send(message)

        await super().handle(scope, receive, versioned)


async def _spoken(request: Request) -> None:
    headers.check_version(request.headers)


async def _of_caller(request: Request, service: Parts, caller: Operator) -> Uploads:
    return Uploads(service, caller, request.app.state.under_way)


router = APIRouter(prefix="/v1/uploads", tags=["uploads"], route_class=TusRoute)
Mine = Annotated[Uploads, Depends(_of_caller)]
Spoken = Depends(_spoken)


def _parameter(name: str, pattern: str, description: str, *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


_VERSION = _parameter("Tus-Resumable", r"^1\.0\.0$", "The version of tus.", required=True)
_LENGTH = _parameter("Upload-Length", "^[0-9]{1,9}$", "The bytes of the whole file.")
_METADATA = _parameter(
    "Upload-Metadata",
    "^filename ([A-Za-z0-9+/]{4}){1,9}$",
    "`filename`, `title`, `started_at`, `prompt`, `tags`, `priority`, each with its value in Base64, commas between.",
)
_OFFSET = _parameter("Upload-Offset", "^[0-9]{1,9}$", "Where the piece begins.", required=True)
_CHECKSUM = _parameter(
    "Upload-Checksum", "^sha1 [A-Za-z0-9+/]{27}=$", f"{', '.join(headers.ALGORITHMS)}, a blank, and it in Base64."
)
_PIECE = {"content": {headers.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}


def _told(*parameters: dict[str, Any], body: bool = False, needed: bool = False) -> dict[str, Any]:
    piece = {"requestBody": _PIECE | {"required": needed}} if body else {}
    return {"parameters": [_VERSION, *parameters]} | piece


@router.options("", status_code=204)
async def tell_what_is_spoken(*, uploads: Mine) -> Response:
    """What of tus is spoken here, and how large a file may be."""
    told = {
        "Tus-Version": headers.VERSION,
        "Tus-Extension": headers.EXTENSIONS,
        "Tus-Max-Size": str(uploads.service.limits.upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(headers.ALGORITHMS),
    }
    return Response(status_code=204, headers=told)


@router.post(
    "",
    status_code=201,
    response_class=Response,
    dependencies=[Spoken],
    openapi_extra=_told(_LENGTH, _METADATA, _CHECKSUM, body=True),
)
async def begin_upload(*, request: Request, uploads: Mine, allowance: Uploading) -> Response:
    """Begins an upload; the body may be its first piece. Location is where the pieces go."""
    if "upload-concat" in request.headers:
        raise headers.refused("Upload-Concat", request.headers["upload-concat"], "one upload for one file")
    arrival, offset = await uploads.begin(request, allowance)
    told = headers.of(arrival, offset) | {"Location": f"/v1/uploads/{arrival.id}"}
    return Response(status_code=201, headers=told)


@router.head("/{upload_id}", response_class=Response, dependencies=[Spoken], openapi_extra=_told())
async def tell_offset(*, uploads: Mine, upload_id: str) -> Response:
    """Where the upload stands. A request that still writes to it is ended: whoever asks has lost that one."""
    arrival, offset = await uploads.standing(upload_id, hang_up=True)
    told = headers.of(arrival, offset)
    if arrival.declared is None:
        told["Upload-Defer-Length"] = "1"
    else:
        told["Upload-Length"] = str(arrival.declared)
    if arrival.metadata and not is_fetched(arrival):
        told["Upload-Metadata"] = headers.encoded(arrival.metadata)
    return Response(headers=told)


@router.get("/{upload_id}")
async def show_upload(*, uploads: Mine, upload_id: str) -> UploadBody:
    """How much of an upload is here, and what it has become."""
    return UploadBody.from_domain(*await uploads.standing(upload_id))


@router.patch(
    "/{upload_id}",
    status_code=204,
    dependencies=[Spoken],
    openapi_extra=_told(_OFFSET, _LENGTH, _CHECKSUM, body=True, needed=True),
)
async def add_piece(*, request: Request, uploads: Mine, upload_id: str, allowance: Uploading) -> Response:
    """Adds a piece. The one that completes the file is answered when it is a recording; Location names that."""
    headers.check_media_type(request.headers)
    return Response(status_code=204, headers=headers.of(*await uploads.go_on(request, upload_id, allowance)))


@router.delete("/{upload_id}", status_code=204, dependencies=[Spoken], openapi_extra=_told())
async def end_upload(*, uploads: Mine, upload_id: str) -> Response:
    """Gives the upload up. What has become of it stays."""
    await uploads.end(upload_id)
    return Response(status_code=204)


@router.post("/{upload_id}", status_code=204, dependencies=[Spoken], openapi_extra=_told(_OFFSET, _CHECKSUM, body=True))
async def do_otherwise(*, request: Request, uploads: Mine, upload_id: str, allowance: Uploading) -> Response:
    """For lines that let no PATCH or DELETE through: does what X-HTTP-Method-Override says."""
    match request.headers.get("x-http-method-override", "absent"):
        case "PATCH":
            return await add_piece(request=request, uploads=uploads, upload_id=upload_id, allowance=allowance)
        case "DELETE":
            return await end_upload(uploads=uploads, upload_id=upload_id)
        case "HEAD":
            return await tell_offset(uploads=uploads, upload_id=upload_id)
        case other:
            raise headers.refused("X-HTTP-Method-Override", other, "PATCH, DELETE or HEAD")
