"""POST /v1/recordings: footage comes in as a form, or from an address."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from api.auth import Operator
from api.limits import Uploading, address_of, payer
from api.schemas.recordings import RecordingBody
from api.schemas.uploads import Address, Told, UploadBody
from api.service import Parts
from api.uploads.fetching import Fetching
from api.uploads.multipart import receive_form
from api.uploads.told import first_problem
from videoqa.errors import MalformedRequest, WrongMediaType

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])
_FORM, _JSON = "multipart/form-data", "application/json"
_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "subtitles": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "maxItems": 8,
                            "description": "Subtitle files, one a language: `talk.srt`, `talk.zh.vtt`.",
                        },
                    }
                    | Told.model_json_schema()["properties"],
                    "additionalProperties": False,
                },
                "encoding": {"file": {"contentType": "application/octet-stream"}},
            },
            _JSON: {"schema": Address.model_json_schema()},
        },
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": RecordingBody,
        "description": "The content is known already; what was told of it now is taken, and tags are added.",
    },
    202: {"model": UploadBody, "description": "It is being fetched; Location tells how far that is."},
}


@router.post("", status_code=201, openapi_extra=_BODIES, responses=_ANSWERS, response_model=RecordingBody)
async def add_recording(*, request: Request, service: Parts, caller: Operator, allowance: Uploading) -> Response:
    """Takes in a file, sent as a form, or fetches one from an address, told as JSON.

    Subtitle files may come along with a form; others are PUT later. When it has answered 201, nothing loses the file;
    it is indexed next. An address is answered 202 as soon as its server has: what is fetched is followed as an upload,
    which names its recording in the end, or what went wrong.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FORM:
        taken = await receive_form(request, service, caller, allowance)
        recording = RecordingBody.from_domain(taken.recording, caller, taken.size)
        return _answer(200 if taken.known else 201, f"/v1/recordings/{recording.id}", recording)
    if kind == _JSON:
        fetching: Fetching = request.app.state.fetching
        arrival = await fetching.begin(await _address(request), caller, payer(caller, address_of(request)))
        return _answer(202, f"/v1/uploads/{arrival.id}", UploadBody.from_domain(arrival, 0))
    raise WrongMediaType(given=kind or "of no type", expected=f"{_FORM} or {_JSON}")


async def _address(request: Request) -> Address:
    try:
        return Address.model_validate_json(await request.body())
    except ValidationError as error:
        raise MalformedRequest(problem=first_problem(error)) from error


def _answer(status: int, place: str, body: BaseModel) -> Response:
    return JSONResponse(body.model_dump(mode="json"), status, headers={"Location": place})
