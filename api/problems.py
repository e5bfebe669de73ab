"""Errors as RFC 9457 problems, each with a stable code, the request's id, and what to do."""

from __future__ import annotations

import re
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from videoqa import errors

_STATUS: dict[type[errors.VideoqaError], int] = {
    errors.UnknownRecording: 404,
    errors.UnknownJob: 404,
    errors.UnknownUpload: 404,
    errors.UnknownAnswer: 404,
    errors.UnknownKey: 404,
    errors.NotIndexed: 409,
    errors.JobUnderWay: 409,
    errors.NameTaken: 409,
    errors.WrongOffset: 409,
    errors.ArrivalBusy: 423,
    errors.WrongChecksum: 460,
    errors.UploadTooLarge: 413,
    errors.QuotaSpent: 429,
    errors.KeyNeeded: 401,
    errors.NotAllowed: 403,
    errors.NoModel: 409,
    errors.Misuse: 422,
    errors.BadMedia: 422,
    errors.ModelUnreachable: 503,
    errors.ModelError: 502,
    errors.DiskFull: 507,
    errors.StorageError: 503,
    errors.NotReady: 503,
    errors.VideoqaError: 500,
}
MEDIA_TYPE = "application/problem+json"


def status_of(error: errors.VideoqaError) -> int:
    """The HTTP status of ``error``: that of its class, or of the nearest class it is derived from."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def code_of(error: errors.VideoqaError) -> str:
    """The class's name in words, which never changes: ``unknown-recording``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


def problem(request: Request, status: int, code: str, detail: str, **more: object) -> JSONResponse:
    """The response that tells of a problem."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = code.replace("-", " ").capitalize()
    body = {
        "type": f"urn:videoqa:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": getattr(request.state, "request_id", ""),
        **more,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(jsonable_encoder(body), status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Has every error of ``app`` told as a problem."""

    @app.exception_handler(errors.VideoqaError)
    async def ours(request: Request, error: errors.VideoqaError) -> JSONResponse:
        return problem(request, status_of(error), code_of(error), str(error))

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [{"at": "/".join(map(str, each["loc"])), "problem": each["msg"]} for each in error.errors()[:20]]
        told = "; ".join(f"{each['at']}: {each['problem']}" for each in wrong[:3])
        return problem(request, 422, "malformed-request", f"The request is malformed ({told}).", errors=wrong)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        answer = problem(request, error.status_code, code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        told = errors.Unexpected(kind=type(error).__name__, problem="see the service's log")
        return problem(request, 500, code_of(told), str(told))
