"""Posts messages to addresses that somebody gave, and lets nobody reach through it what they cannot reach."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.metadata import version
from ipaddress import ip_address

import httpcore2
import httpx2

from ingest.addresses import Policy
from ingest.pinning import Checked, Deadline, Refused
from videoqa.cameras import StreamUrl
from videoqa.errors import BadWebhook, FetchFailed

PATIENCE = 10.0
"""Seconds within which an answer has to have come."""


def webhook_policy(*, private: bool) -> Policy:
    """Which addresses are posted to."""
    return Policy(private, "VIDEOQA_WEBHOOK_PRIVATE")


class WebPoster:
    """Implements ``Poster``. A name is looked up each time, all its addresses are checked, and the connection goes to
    one of those. Redirects are not followed.
    """

    def __init__(self, policy: Policy, context: ssl.SSLContext | None = None, patience: float = PATIENCE) -> None:
        self._policy = policy
        self._given = context
        self._patience = patience

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._given or httpcore2.default_ssl_context()

    def check(self, url: StreamUrl) -> None:
        place = _parsed(url)
        with suppress(ValueError):
            # What a name stands for is seen each time that something is posted.
            if problem := self._policy.problem_of(str(ip_address(place.host))):
                raise BadWebhook(problem=problem)

    def post(self, url: StreamUrl, headers: Mapping[str, str], body: bytes) -> int:
        place = _parsed(url)
        sent = {
            "Host": place.netloc.decode("ascii"),
            "User-Agent": f"videoqa/{version('videoqa')}",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **headers,
        }
        patience = dict.fromkeys(("connect", "read", "write", "pool"), self._patience)
        target = httpcore2.URL(scheme=place.raw_scheme, host=place.raw_host, port=place.port, target=place.raw_path)
        backend = Checked(self._policy, Deadline(time.monotonic() + self._patience))
        with (
            _telling(url),
            httpcore2.ConnectionPool(self._context, network_backend=backend) as pool,
            pool.stream(
                "POST", target, headers=list(sent.items()), content=body, extensions={"timeout": patience}
            ) as response,
        ):
            # What it has to say beside its status is nothing to us: the rest is not read.
            return response.status


@contextmanager
def _telling(url: StreamUrl) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise FetchFailed(url=url.site, problem=error) from error
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
        raise FetchFailed(url=url.site, problem=str(error) or type(error).__name__) from error


def _parsed(url: StreamUrl) -> httpx2.URL:
    try:
        place = httpx2.URL(url.text)
    except (httpx2.InvalidURL, ValueError) as error:
        raise BadWebhook(problem="its address is no URL") from error
    if place.scheme not in ("http", "https") or not place.host or b"%" in place.raw_host:
        raise BadWebhook(problem="its address does not begin with http:// or https:// and a server's name")
    if place.port is not None and not 0 < place.port < 65_536:
        raise BadWebhook(problem="its address has a port that none can be")
    if place.userinfo:
        raise BadWebhook(problem="its address holds a name or a password; the signature tells who posts")
    return place
