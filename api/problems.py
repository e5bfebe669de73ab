"""Errors as RFC 9457 problems, each with a stable code, the request's id, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.routes import RouteBook
from videoqa import errors

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

TABLE: Mapping[type[errors.VideoqaError], tuple[int, str]] = {
    errors.AmbiguousRecording: (409, "ambiguous-recording"),
    errors.AmbiguousRule: (409, "ambiguous-rule"),
    errors.ArrivalBusy: (423, "arrival-busy"),
    errors.BadAddress: (422, "bad-address"),
    errors.BadCamera: (422, "bad-camera"),
    errors.BadCues: (422, "bad-cues"),
    errors.BadCursor: (422, "bad-cursor"),
    errors.BadDuration: (422, "bad-duration"),
    errors.BadMedia: (422, "bad-media"),
    errors.BadPrompt: (500, "bad-prompt"),
    errors.BadQuestion: (422, "bad-question"),
    errors.BadReply: (502, "bad-reply"),
    errors.BadRule: (422, "bad-rule"),
    errors.BadSetting: (500, "bad-setting"),
    errors.BadSubtitles: (422, "bad-subtitles"),
    errors.BadTime: (422, "bad-time"),
    errors.BadTruth: (422, "bad-truth"),
    errors.BadUploadHeader: (400, "bad-upload-header"),
    errors.BadWebhook: (422, "bad-webhook"),
    errors.BodyTooLarge: (413, "body-too-large"),
    errors.BringsOutOfReach: (403, "brings-out-of-reach"),
    errors.CalledOff: (409, "called-off"),
    errors.CameraMeant: (409, "camera-meant"),
    errors.CameraTaken: (409, "camera-taken"),
    errors.CannotCut: (422, "cannot-cut"),
    errors.CannotListen: (500, "cannot-listen"),
    errors.ClipTooLong: (422, "clip-too-long"),
    errors.DamagedDatabase: (503, "damaged-database"),
    errors.DatabaseBusy: (503, "database-busy"),
    errors.DataUnwritable: (503, "data-unwritable"),
    errors.DecoderCrashed: (422, "decoder-crashed"),
    errors.DecoderOverran: (422, "decoder-overran"),
    errors.DecoderUnfit: (422, "decoder-unfit"),
    errors.DiskFull: (507, "disk-full"),
    errors.EmbedderUnreachable: (503, "embedder-unreachable"),
    errors.EmptyFootage: (422, "empty-footage"),
    errors.EmptyStretch: (422, "empty-stretch"),
    errors.EmptyUpload: (422, "empty-upload"),
    errors.FetchFailed: (502, "fetch-failed"),
    errors.FootageTooLarge: (422, "footage-too-large"),
    errors.ForeignHost: (403, "foreign-host"),
    errors.ForeignOrigin: (403, "foreign-origin"),
    errors.JobUnderWay: (409, "job-under-way"),
    errors.KeyNeeded: (401, "key-needed"),
    errors.KeyNeededBehindProxy: (401, "key-needed-behind-proxy"),
    errors.KeyOutOfReach: (403, "key-out-of-reach"),
    errors.MalformedJson: (400, "malformed-json"),
    errors.MalformedRequest: (422, "malformed-request"),
    errors.MissingPart: (503, "missing-part"),
    errors.Misuse: (422, "misuse"),
    errors.ModelError: (502, "model-error"),
    errors.ModelNotStarted: (503, "model-not-started"),
    errors.ModelRefused: (502, "model-refused"),
    errors.ModelUnreachable: (503, "model-unreachable"),
    errors.MoreThanDeclared: (413, "more-than-declared"),
    errors.NameTaken: (409, "name-taken"),
    errors.NearlyKnown: (404, "unknown-recording"),
    errors.NewerDatabase: (503, "newer-database"),
    errors.NoKeys: (500, "no-keys"),
    errors.NoModel: (409, "no-model"),
    errors.NoPicture: (409, "no-picture"),
    errors.NoSound: (422, "no-sound"),
    errors.NoSpeechModel: (503, "no-speech-model"),
    errors.NoSuchFile: (410, "no-such-file"),
    errors.NoSuchRange: (416, "no-such-range"),
    errors.NoSuchRoute: (404, "no-such-route"),
    errors.NotAllowed: (403, "not-allowed"),
    errors.NotFootage: (422, "not-footage"),
    errors.NothingToIndex: (422, "nothing-to-index"),
    errors.NothingToTry: (422, "nothing-to-try"),
    errors.NotIndexed: (409, "not-indexed"),
    errors.NotReady: (503, "not-ready"),
    errors.OneFileOnly: (422, "one-file-only"),
    errors.OutsideRecording: (422, "outside-recording"),
    errors.QuestionDropped: (503, "question-dropped"),
    errors.QuotaSpent: (429, "quota-spent"),
    errors.RecordingRemoved: (409, "recording-removed"),
    errors.RuleTaken: (409, "rule-taken"),
    errors.SourceChanged: (409, "source-changed"),
    errors.SpeechUnreachable: (503, "speech-unreachable"),
    errors.StaleCopy: (412, "stale-copy"),
    errors.StorageError: (503, "storage-error"),
    errors.SubtitlesTooLarge: (413, "subtitles-too-large"),
    errors.TagOutOfReach: (403, "tag-out-of-reach"),
    errors.TooFarBehind: (503, "too-far-behind"),
    errors.TooLongForModel: (502, "too-long-for-model"),
    errors.TooManyBegun: (429, "too-many-begun"),
    errors.TooManyFetches: (429, "too-many-fetches"),
    errors.TooManyFollowers: (503, "too-many-followers"),
    errors.TooManyQuestions: (503, "too-many-questions"),
    errors.TooManyRemarks: (409, "too-many-remarks"),
    errors.TooManyRequests: (429, "too-many-requests"),
    errors.TooManyStreams: (429, "too-many-streams"),
    errors.TooManyUploads: (429, "too-many-uploads"),
    errors.TooManyWrongKeys: (429, "too-many-wrong-keys"),
    errors.TooSlow: (408, "too-slow"),
    errors.Undecided: (502, "undecided"),
    errors.Unexpected: (500, "unexpected"),
    errors.UnfitModel: (502, "unfit-model"),
    errors.UnknownWebhook: (404, "unknown-webhook"),
    errors.UnlimitedNeeded: (403, "unlimited-needed"),
    errors.UnknownAlert: (404, "unknown-alert"),
    errors.UnknownAnswer: (404, "unknown-answer"),
    errors.UnknownCamera: (404, "unknown-camera"),
    errors.UnknownJob: (404, "unknown-job"),
    errors.UnknownKey: (404, "unknown-key"),
    errors.UnknownPin: (404, "unknown-pin"),
    errors.UnknownRecording: (404, "unknown-recording"),
    errors.UnknownRule: (404, "unknown-rule"),
    errors.UnknownSubtitles: (404, "unknown-subtitles"),
    errors.UnknownUpload: (404, "unknown-upload"),
    errors.UnsupportedProtocol: (412, "unsupported-protocol"),
    errors.UploadTooLarge: (413, "upload-too-large"),
    errors.VideoqaError: (500, "error"),
    errors.WidensRule: (403, "widens-rule"),
    errors.WrongChecksum: (460, "wrong-checksum"),
    errors.WrongMediaType: (415, "wrong-media-type"),
    errors.WrongMethod: (405, "wrong-method"),
    errors.WrongOffset: (409, "wrong-offset"),
}
"""Of every error the HTTP status and the code; a code never changes."""


class ProblemBody(BaseModel):
    """What went wrong, as RFC 9457 says it. ``detail`` says what to do; ``code`` never changes."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: tuple[dict[str, str], ...] = ()


def status_of(error: errors.VideoqaError) -> int:
    return TABLE[_listed(error)][0]


def code_of(error: errors.VideoqaError) -> str:
    return TABLE[_listed(error)][1]


def answer_to(request: HTTPConnection, error: errors.VideoqaError, wrong: tuple[dict[str, str], ...] = ()) -> Response:
    """The response that tells of ``error``; ``wrong`` are the parts of the request that it is about."""
    status, code = TABLE[_listed(error)]
    told = ProblemBody(
        type=f"urn:videoqa:problem:{code}",
        title=_title(status, code),
        status=status,
        code=code,
        detail=str(error),
        request_id=getattr(request.state, "request_id", ""),
        errors=wrong,
    )
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in error.fields:
        headers["Retry-After"] = str(error.fields["retry_after"])
    if "allowed" in error.fields:
        headers["Allow"] = str(error.fields["allowed"])
    if isinstance(error, errors.NoSuchRange):
        headers["Content-Range"] = f"bytes */{error.fields['size']}"
    return JSONResponse(jsonable_encoder(told), status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Has every error that is raised in a route of ``app`` told as a problem; ``Faults`` tells the others."""

    @app.exception_handler(errors.VideoqaError)
    async def ours(request: Request, error: errors.VideoqaError) -> Response:
        return answer_to(request, error)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        wrong = tuple(
            {"at": "/".join(map(str, each["loc"])), "problem": each["msg"].removeprefix("Value error, ")}
            for each in error.errors()[:20]
        )
        told = "; ".join(f"{each['at']}: {each['problem']}" for each in wrong[:3])
        if not request.headers.get("content-type", "").startswith("application/json") and isinstance(error.body, bytes):
            told = f"its body is not said to be JSON; send Content-Type: application/json ({told})"
        return answer_to(request, errors.MalformedRequest(problem=told), wrong)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        return answer_to(request, _named(request, error))


class Faults:
    """Tells what breaks outside of a route, and what nobody foresaw: that is logged, not shown."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            _log.info("the client went away", extra={"path": scope["path"]})
        except Exception as error:
            if begun:
                # Whoever reads must not take what was sent so far for all of it: the connection is cut, and the server
                # logs why.
                raise
            request = Request(scope)
            told = error if isinstance(error, errors.VideoqaError) else None
            if told is None:
                request_id = getattr(request.state, "request_id", "")
                _log.exception("%s %s failed (request %s)", scope["method"], errors.escaped(scope["path"]), request_id)
                told = errors.Unexpected(kind=type(error).__name__, problem="the service's log has more")
            await answer_to(request, told)(scope, receive, send)


def _listed(error: errors.VideoqaError) -> type[errors.VideoqaError]:
    return next(kind for kind in type(error).__mro__ if kind in TABLE)


def _named(request: Request, error: HTTPException) -> errors.VideoqaError:
    """What the framework has to say, as an error of ours."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return errors.NoSuchRoute(path=request.url.path)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        book: RouteBook = request.app.state.routes
        allowed = book.methods(request.url.path) or (error.headers or {}).get("Allow", "")
        return errors.WrongMethod(method=request.method, allowed=allowed)
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.MalformedRequest(problem=error.detail)
    return errors.Unexpected(kind=type(error).__name__, problem="the service's log has more")


def _title(status: int, code: str) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return code.replace("-", " ").capitalize()
