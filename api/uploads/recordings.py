"""POST /v1/recordings: footage comes in as a form, or from an address."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.auth import Operator
from api.limits import Uploading
from api.schemas import RecordingBody
from api.schemas.uploads import Told
from api.service import Parts
from api.uploads.multipart import receive_form
from videoqa.errors import WrongMediaType

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])
_FORM = "multipart/form-data"
_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}}
                    | Told.model_json_schema()["properties"],
                    "additionalProperties": False,
                },
                "encoding": {"file": {"contentType": "application/octet-stream"}},
            },
        },
    }
}
_KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"model": RecordingBody, "description": "The content is known already."}
}


@router.post("", status_code=201, openapi_extra=_BODIES, responses=_KNOWN)
async def add_recording(
    *, request: Request, response: Response, service: Parts, caller: Operator, allowance: Uploading
) -> RecordingBody:
    """Takes in a file, sent as a form. When it has answered, nothing loses it; it is indexed next."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise WrongMediaType(given=kind or "none", expected=_FORM)
    taken = await receive_form(request, service, caller, allowance)
    response.status_code = 200 if taken.known else 201
    response.headers["Location"] = f"/v1/recordings/{taken.recording.id}"
    return RecordingBody.from_domain(taken.recording, caller, taken.size)
