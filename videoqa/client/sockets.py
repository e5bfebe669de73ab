"""Sockets of the service: where they lead, and what it means when one breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any

import anyio
import httpx2
import websockets.asyncio.client as awaiting
import websockets.sync.client as blocking
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from videoqa.client.flows import Listen, Options, Reply
from videoqa.client.problems import BadReply, ClientError, Unreachable, error_of

_LARGEST = 2**20
_BROKEN = (OSError, WebSocketException, EOFError)


class SocketBroken(Exception):
    """A socket could not be had, or is no more; ``told`` says why."""

    def __init__(self, told: ClientError) -> None:
        super().__init__(str(told))
        self.told = told


@contextmanager
def socket(http: httpx2.Client, listen: Listen, options: Options) -> Iterator[Iterator[str]]:
    """The messages of a socket, which have no end.

    Raises:
        SocketBroken: there is no such socket, or no more.
    """
    url, more = _how(http, listen, options)
    with ExitStack() as stack:
        with _broken(options):
            line = stack.enter_context(blocking.connect(url, **more))

        def messages() -> Iterator[str]:
            while True:
                with _broken(options):
                    message = line.recv(options.patience, decode=True)
                yield message

        yield messages()


@asynccontextmanager
async def socket_awaited(
    http: httpx2.AsyncClient, listen: Listen, options: Options
) -> AsyncIterator[AsyncIterator[str]]:
    """Like ``socket``, on an event loop."""
    url, more = _how(http, listen, options)
    async with AsyncExitStack() as stack:
        with _broken(options):
            line = await stack.enter_async_context(awaiting.connect(url, **more))

        async def messages() -> AsyncIterator[str]:
            while True:
                with _broken(options), anyio.fail_after(options.patience):
                    message = await line.recv(decode=True)
                yield message

        yield messages()


@contextmanager
def _broken(options: Options) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise SocketBroken(_told(error, options.url)) from error


def _how(http: httpx2.Client | httpx2.AsyncClient, listen: Listen, options: Options) -> tuple[str, dict[str, Any]]:
    query = {name: value for name, value in listen.query.items() if value is not None}
    address = http.build_request("GET", listen.path, params=query)
    # What a request is sent with goes to none but the service, and by the same way.
    headers = {name: http.headers[name] for name in ("User-Agent", "Authorization") if name in http.headers}
    scheme = "wss" if address.url.scheme == "https" else "ws"
    return str(address.url.copy_with(scheme=scheme)), {
        "subprotocols": [Subprotocol(listen.subprotocol)],
        "additional_headers": headers,
        "user_agent_header": None,
        "open_timeout": options.patience,
        "max_size": _LARGEST,
        "close_timeout": 1,
        "proxy": True if http.trust_env else None,
    }


def _told(error: Exception, url: str) -> ClientError:
    match error:
        case InvalidStatus(response=response):
            headers = {name.lower(): value for name, value in response.headers.raw_items()}
            return error_of(Reply(response.status_code, headers, bytes(response.body or b"")))
        case ConnectionClosed() | InvalidMessage():
            return Unreachable(f"The socket of the service at {url} broke off ({error}).")
        case OSError() | EOFError():
            problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            remedy = "start it with `videoqa serve`, or set VIDEOQA_URL"
            return Unreachable(f"No service is at {url} ({problem}); {remedy}.", sent=not isinstance(error, OSError))
        case _:
            return BadReply(f"What answers at {url} speaks no socket of videoqa's ({type(error).__name__}).")
