"""Listening, and uvicorn as the service needs it: held to its limits, and gone within seconds of being told to stop."""

from __future__ import annotations

import contextlib
import ipaddress
import resource
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from api.deadlines import within
from api.service import Limits
from api.sockets import LARGEST_MESSAGE, PING_SECONDS, PONG_SECONDS, PatientSocket
from videoqa.errors import CannotListen

DRAIN_SECONDS = 5
"""How long requests under way are given when the service is to stop. What has not ended then is cut off."""
_BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 20
_LARGEST_HEAD = 64 * 1024


class HttpServer(uvicorn.Server):
    """uvicorn without its own ideas about signals: whoever runs it tells it to stop by ``should_exit``."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: ASGIApp, connections: int, header_seconds: float = Limits().header_seconds) -> HttpServer:
    """An HTTP server of ``app`` for that many connections at once; those beyond are told to come back."""
    return HttpServer(
        uvicorn.Config(
            app,
            loop="asyncio",
            http=within(header_seconds),
            ws=PatientSocket,
            ws_max_size=LARGEST_MESSAGE,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            # A message that goes to a thousand readers is not to be packed a thousand times.
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            # Whom a request comes from is told by its connection alone: anybody can write a header.
            proxy_headers=False,
            server_header=False,
            limit_concurrency=connections,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
        )
    )


def listening(host: str, port: int) -> tuple[socket.socket, ...]:
    """Sockets that listen at every address of ``host``; at a free port where ``port`` is 0.

    Raises:
        CannotListen: somebody else does, there is no such address, or it is not allowed.
    """
    opened: list[socket.socket] = []
    problem: OSError | None = None
    for family, address in _addresses(host, port):
        where = (address, opened[0].getsockname()[1] if opened else port)
        try:
            opened.append(_listener(family, where))
        except OSError as error:
            # A name may have an address of a kind that this machine does not speak.
            problem = error
    if not opened:
        raise CannotListen(host=host, port=port, problem=(problem and problem.strerror) or problem) from problem
    return tuple(opened)


def is_private(host: str, port: int = 0) -> bool:
    """True where ``host`` is reached from this machine alone. ``port`` is what a problem tells.

    Raises:
        CannotListen: there is no such address.
    """
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for _, address in _addresses(host, port))


def allow_connections(most: int) -> None:
    """Has the system give this process files enough for ``most`` connections, as far as it is allowed."""
    wanted = 2 * most
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def url_of(sockets: Sequence[socket.socket]) -> str:
    """As it is reached from this machine."""
    host, port = sockets[0].getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _addresses(host: str, port: int) -> Sequence[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        problem = getattr(error, "strerror", None) or "no such address"
        raise CannotListen(host=host, port=port, problem=problem) from error
    return tuple(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _listener(family: socket.AddressFamily, where: tuple[str, int]) -> socket.socket:
    both = family is socket.AF_INET6 and where[0] == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(where, family=family, backlog=_BACKLOG, dualstack_ipv6=both)
