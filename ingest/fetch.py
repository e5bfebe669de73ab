"""Fetches footage from an address that somebody gave, and lets nobody reach through it what they cannot reach."""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from functools import cache, cached_property
from importlib.metadata import version
from urllib.parse import unquote

import httpcore2
import httpx2

from ingest.addresses import Policy
from ingest.pinning import Checked, Deadline, Refused
from videoqa.errors import BadAddress, FetchFailed

_HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 30.0
_BLOCK = 2**18
_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly, and for how long, footage may come: at least ``rate`` bytes a second over ``seconds``."""

    rate: int = 1024
    seconds: float = 60.0
    longest: float = 6 * 3600.0


class WebFetcher:
    """Implements ``Fetcher``. A name is looked up once; all its addresses are checked, and the connection goes to one
    of those. Each redirect is checked like the address that was given.
    """

    def __init__(self, policy: Policy, pace: Pace = Pace(), context: ssl.SSLContext | None = None) -> None:
        self._policy = policy
        self._pace = pace
        self._given = context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._given or httpcore2.default_ssl_context()

    def fetch(self, url: str) -> WebFootage:
        """
        Raises:
            BadAddress: nothing is fetched from there.
            FetchFailed: the server is not there, or has no such file.
        """
        deadline = Deadline(time.monotonic() + _ANSWER_SECONDS)
        with ExitStack() as stack:
            pool = stack.enter_context(
                httpcore2.ConnectionPool(self._context, network_backend=Checked(self._policy, deadline))
            )
            response, final = self._answer(pool, url)
            headers = _headers(response)
            _check(response.status, headers, final)
            deadline.at = math.inf
            length = headers.get("content-length", "")
            return WebFootage(
                name=_name(headers, final),
                length=int(length) if length.isdecimal() else None,
                url=_shown(final),
                pace=self._pace,
                response=response,
                closing=stack.pop_all(),
            )

    def _answer(self, pool: httpcore2.ConnectionPool, url: str) -> tuple[httpcore2.Response, httpx2.URL]:
        place = _parsed(url)
        for _ in range(_HOPS + 1):
            with _telling(_shown(place)):
                response = pool.handle_request(_request(place))
            if response.status not in _REDIRECTS:
                return response, place
            response.close()
            place = _parsed(_headers(response).get("location", ""), place)
        raise BadAddress(url=_shown(place), problem=f"it leads on more than {_HOPS} times")


@dataclass(slots=True)
class WebFootage:
    """Footage on its way from a server; see ``videoqa.ports.Fetched``."""

    name: str
    length: int | None
    url: str
    pace: Pace
    response: httpcore2.Response
    closing: ExitStack

    def blocks(self) -> Iterator[bytes]:
        """
        Raises:
            FetchFailed: it comes too slowly, takes too long, or breaks off.
        """
        came, block = 0, bytearray()
        parts = iter(_stream(self.response))
        window, since = _Window(self.pace, self.url), time.monotonic()
        while True:
            with _telling(self.url):
                part = next(parts, None)
            if part is None:
                break
            came += len(part)
            window.came(len(part))
            block += part
            # What drips is let go of from time to time: whoever reads it may have others to read.
            if len(block) >= _BLOCK or time.monotonic() - since > _PATIENCE:
                yield bytes(block)
                block.clear()
                since = time.monotonic()
        if self.length is not None and came != self.length:
            raise FetchFailed(url=self.url, problem=f"{came} of {self.length} bytes came")
        if block:
            yield bytes(block)

    def stop(self) -> None:
        with suppress(OSError):
            self.response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.closing.close()


class _Window:
    """Counts what comes against the pace that is asked for."""

    def __init__(self, pace: Pace, url: str) -> None:
        self._pace = pace
        self._url = url
        self._began = self._since = time.monotonic()
        self._got = 0

    def came(self, size: int) -> None:
        now = time.monotonic()
        self._got += size
        if now - self._began > self._pace.longest:
            raise FetchFailed(url=self._url, problem=f"it takes more than {self._pace.longest:.0f} s")
        if now - self._since > self._pace.seconds:
            if self._got < self._pace.rate * self._pace.seconds:
                raise FetchFailed(url=self._url, problem=f"less than {self._pace.rate} bytes a second came")
            self._since, self._got = now, 0


@contextmanager
def _telling(url: str) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise BadAddress(url=url, problem=error) from error
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
        raise FetchFailed(url=url, problem=str(error) or type(error).__name__) from error


def _parsed(text: str, base: httpx2.URL | None = None) -> httpx2.URL:
    """The address ``text``, to which ``base`` leads where that is given."""
    try:
        url = httpx2.URL(text) if base is None else httpx2.URL(str(base.join(text)))
    except (httpx2.InvalidURL, ValueError) as error:
        if base is not None:
            raise BadAddress(url=_shown(base), problem="it leads on to what is no URL") from error
        raise BadAddress(url=text[:100], problem="it is no URL") from error
    if url.scheme not in ("http", "https") or not url.host or b"%" in url.raw_host or not 0 < (url.port or 80) < 65_536:
        raise BadAddress(url=_shown(url), problem="it does not begin with http:// or https:// and a server's name")
    if url.userinfo:
        raise BadAddress(url=_shown(url), problem="it holds a name or a password")
    return url


def _request(url: httpx2.URL) -> httpcore2.Request:
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": _agent(),
        "Accept": "video/*, application/octet-stream;q=0.9, */*;q=0.1",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    patience = {"connect": _CONNECT_SECONDS, "read": _ANSWER_SECONDS, "write": _ANSWER_SECONDS, "pool": _ANSWER_SECONDS}
    place = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return httpcore2.Request("GET", place, headers=list(headers.items()), extensions={"timeout": patience})


@cache
def _agent() -> str:
    return f"videoqa/{version('videoqa')}"


def _check(status: int, headers: Mapping[str, str], url: httpx2.URL) -> None:
    if status != 200:
        raise FetchFailed(url=_shown(url), problem=f"it answers with the status {status}")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchFailed(url=_shown(url), problem="it sends the file compressed, though asked not to")
    if headers.get("content-type", "").partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml"):
        raise FetchFailed(url=_shown(url), problem="it is a page; give the address of the file itself")


def _headers(response: httpcore2.Response) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _name(headers: Mapping[str, str], url: httpx2.URL) -> str:
    message = Message()
    message["Content-Disposition"] = headers.get("content-disposition", "attachment")
    try:
        told = message.get_filename()
    except (TypeError, ValueError, LookupError):
        told = None  # a name in parts that do not go together
    return told or unquote(url.path.rstrip("/").rpartition("/")[2]) or url.host


def _shown(url: httpx2.URL) -> str:
    """``url`` without what may be secret in it."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _stream(response: httpcore2.Response) -> Iterable[bytes]:
    stream = response.stream
    assert isinstance(stream, Iterable)
    return stream
