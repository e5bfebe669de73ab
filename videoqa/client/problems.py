"""What can go wrong with a service, as a tree: catch by branch. No error shows a key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from videoqa.client.flows import Reply


class ClientError(Exception):
    """Something went wrong between here and the service, or there."""


class Unreachable(ClientError):
    """No answer came: the service is not there, or the connection broke.

    ``sent`` is False where the request cannot have been heard.
    """

    def __init__(self, problem: str, *, sent: bool = True) -> None:
        super().__init__(problem)
        self.sent = sent


class BadReply(ClientError):
    """What answered does not answer as videoqa does: another program, another version, or a proxy between."""


class Changed(ClientError):
    """What was being sent or fetched became another thing on the way."""


class IndexingFailed(ClientError):
    """The footage could not be fetched, or not be made searchable."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The body of a problem (RFC 9457): ``code`` never changes, ``detail`` says what to do."""

    code: str
    status: int
    detail: str
    request_id: str = ""


class ProblemError(ClientError):
    """The service told of a problem.

    ``retry_after`` is the number of seconds it asked to wait, None where it did not.
    """

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        told = f" (request {problem.request_id})" if problem.request_id else ""
        super().__init__(f"{problem.detail} [{problem.code}]{told}")
        self.problem = problem
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        return self.problem.code

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def detail(self) -> str:
        return self.problem.detail

    @property
    def request_id(self) -> str:
        return self.problem.request_id


class BadRequest(ProblemError):
    """The request cannot be: a question without words, a time outside the recording, footage that is none."""


class KeyNeeded(ProblemError):
    """No key was given, or it is not in force."""


class NotAllowed(ProblemError):
    """The key's role is not enough."""


class NotFound(ProblemError):
    """There is nothing of that id that the key reaches."""


class Conflict(ProblemError):
    """Not as things stand: not indexed yet, still under way, a name taken, another offset."""


class TooLarge(ProblemError):
    """More bytes than are taken."""


class TooManyRequests(ProblemError):
    """A limit is used up for now."""


class ServiceFailed(ProblemError):
    """The service, or the model behind it, failed on it."""


class Unavailable(ServiceFailed):
    """The service cannot at the moment: it starts, its model is away, its database is locked."""


class NoRoom(ServiceFailed):
    """The service's disk is full."""


_BY_STATUS: Mapping[int, type[ProblemError]] = {
    401: KeyNeeded,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    413: TooLarge,
    423: Conflict,
    429: TooManyRequests,
    503: Unavailable,
    507: NoRoom,
}


def error_of(reply: Reply) -> ClientError:
    """The error that a reply of 300 or above tells of."""
    if reply.status < 400:
        return BadReply(f"The service answered with a redirect ({reply.status}); give the address it leads to.")
    problem = _problem(reply)
    fallback = ServiceFailed if problem.status >= 500 else BadRequest
    return _BY_STATUS.get(problem.status, fallback)(problem, retry_after(reply))


def error_of_event(data: str) -> ClientError:
    """The error of a problem that was told inside a stream, as JSON."""
    try:
        body = json.loads(data)
    except ValueError:
        return BadReply("An event of the service holds no JSON.")
    if not isinstance(body, dict):
        return BadReply("An event of the service holds no JSON object.")
    return error_of(Reply(_status(body), {}, data.encode()))


def retry_after(reply: Reply) -> float | None:
    """Seconds, from a header that holds them or an HTTP date."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _problem(reply: Reply) -> Problem:
    """That of the body, or one made of the status alone: a proxy's page of HTML tells nothing of videoqa's."""
    try:
        body = json.loads(reply.content)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return Problem(
            f"http-{reply.status}", reply.status, f"The server answered {reply.status} and no problem of ours."
        )
    detail, request_id = body.get("detail"), body.get("request_id")
    return Problem(
        code=body["code"],
        status=reply.status,
        detail=detail if isinstance(detail, str) else body["code"],
        request_id=request_id if isinstance(request_id, str) else "",
    )


def _status(body: Mapping[str, Any]) -> int:
    status = body.get("status")
    return status if isinstance(status, int) and 400 <= status < 600 else 500
