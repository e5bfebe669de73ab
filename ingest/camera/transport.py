"""HTTP to cameras: by checked addresses alone, with the name and password that a camera asks for."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Generator, Iterable, Iterator

import httpcore2
import httpx2

from ingest.addresses import Policy
from ingest.pinning import Checked, Deadline


class CheckedTransport(httpx2.BaseTransport):
    """Raises what ``httpcore2`` does, and ``Refused`` where an address is not to be asked: a redirect's as well.

    An answer has to begin within ``patience`` seconds, however steadily it drips; what follows comes when it comes.
    """

    def __init__(self, policy: Policy, context: ssl.SSLContext, patience: float) -> None:
        self._deadline = Deadline(math.inf)
        self._patience = patience
        self._pool = httpcore2.ConnectionPool(context, network_backend=Checked(policy, self._deadline))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._deadline.at = time.monotonic() + self._patience
        try:
            return self._answer(request)
        finally:
            self._deadline.at = math.inf

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        place = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        answer = self._pool.handle_request(
            httpcore2.Request(
                request.method, place, headers=request.headers.raw, content=b"", extensions=request.extensions
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class Login(httpx2.Auth):
    """Tells the name and the password when it is asked for them, in the way that is asked for."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        response = yield request
        ways = [way.lower() for way in response.headers.get_list("www-authenticate")]
        if response.status_code != 401 or not ways:
            return
        if any(way.startswith("digest") for way in ways):
            flow = httpx2.DigestAuth(self._user, self._password).auth_flow(request)
            next(flow)
            yield flow.send(response)
        else:
            yield next(httpx2.BasicAuth(self._user, self._password).auth_flow(request))


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()
