"""Carries flows out: ``Blocking`` in the calling thread, ``Awaiting`` on an event loop; all that there is twice."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack, aclosing, closing
from functools import partial, update_wrapper, wraps
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast, overload

import anyio
import anyio.to_thread
import httpx2

from videoqa.client.flows import (
    Call,
    Effect,
    Emit,
    Flow,
    Given,
    Items,
    Listen,
    Next,
    Open,
    Options,
    Reply,
    Send,
    Sleep,
    Work,
)
from videoqa.client.problems import BadReply, ClientError, Unreachable
from videoqa.client.sockets import SocketBroken, socket, socket_awaited

P = ParamSpec("P")
T = TypeVar("T")

_CONNECTING = 10.0
_UNHEARD = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class once(Generic[P, T]):  # noqa: N801  reads as a keyword does
    """A method of both clients that comes to one thing."""

    def __init__(self, flow: Callable[P, Flow[T]]) -> None:
        self._flow = flow
        update_wrapper(cast("Any", self), flow)

    @overload
    def __get__(self, client: Blocking, owner: object = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaiting, owner: object = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: None, owner: object = None) -> Self: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: object = None) -> Any:
        return self if client is None else _bound(client.run, self._flow)


class many(Generic[P, T]):  # noqa: N801
    """A method of both clients that hands out one thing after another; close it to leave it before its end."""

    def __init__(self, flow: Callable[P, Items[T]]) -> None:
        self._flow = flow
        update_wrapper(cast("Any", self), flow)

    @overload
    def __get__(self, client: Blocking, owner: object = None) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(self, client: Awaiting, owner: object = None) -> Callable[P, AsyncGenerator[T, None]]: ...
    @overload
    def __get__(self, client: None, owner: object = None) -> Self: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: object = None) -> Any:
        return self if client is None else _bound(client.each, self._flow)


class Blocking:
    """Carries flows out in the calling thread. Several threads may use it at once."""

    def __init__(self, http: httpx2.Client, options: Options) -> None:
        self._http = http
        self._options = options

    def run(self, flow: Flow[T]) -> T:
        with closing(self.each(_only(flow))) as items:
            return next(items)

    def each(self, flow: Items[T]) -> Generator[T, None, None]:  # noqa: PLR0912  an arm for each effect
        with ExitStack() as at_hand, closing(flow):
            step: Callable[[], Effect | Emit[T]] = partial(next, flow)
            parts: Iterator[bytes | httpx2.ServerSentEvent | str] = iter(())
            while True:
                try:
                    effect = step()
                except StopIteration:
                    return
                try:
                    outcome: object = None
                    match effect:
                        case Emit(item):
                            yield item
                        case Send(call):
                            outcome = _reply(self._http.send(_request(self._http, call, self._options)))
                        case Open(call, events):
                            at_hand.close()
                            response = self._http.send(_request(self._http, call, self._options), stream=True)
                            at_hand.callback(response.close)
                            if not response.is_success:
                                response.read()
                            outcome = _reply(response)
                            parts = iter(httpx2.EventSource(response)) if events else response.iter_bytes()
                        case Next():
                            outcome = next(parts, None)
                        case Listen():
                            at_hand.close()
                            parts = at_hand.enter_context(socket(self._http, effect, self._options))
                        case Sleep(seconds):
                            time.sleep(seconds)
                        case Work(work):
                            outcome = work()
                        case Given():
                            outcome = self._options
                    step = partial(flow.send, outcome)
                except httpx2.HTTPError as error:
                    step = partial(flow.throw, _told(error, self._options.url))
                except SocketBroken as error:
                    step = partial(flow.throw, error.told)


class Awaiting:
    """Carries flows out on an event loop. Any number of tasks may use it at once."""

    def __init__(self, http: httpx2.AsyncClient, options: Options) -> None:
        self._http = http
        self._options = options

    async def run(self, flow: Flow[T]) -> T:
        async with aclosing(self.each(_only(flow))) as items:
            return await anext(items)

    async def each(self, flow: Items[T]) -> AsyncGenerator[T, None]:  # noqa: PLR0912
        with closing(flow):
            async with AsyncExitStack() as at_hand:
                step: Callable[[], Effect | Emit[T]] = partial(next, flow)
                parts: AsyncIterator[bytes | httpx2.ServerSentEvent | str] = _nothing()
                while True:
                    try:
                        effect = step()
                    except StopIteration:
                        return
                    try:
                        outcome: object = None
                        match effect:
                            case Emit(item):
                                yield item
                            case Send(call):
                                outcome = _reply(await self._http.send(_request(self._http, call, self._options)))
                            case Open(call, events):
                                await at_hand.aclose()
                                response = await self._http.send(_request(self._http, call, self._options), stream=True)
                                at_hand.push_async_callback(response.aclose)
                                if not response.is_success:
                                    await response.aread()
                                outcome = _reply(response)
                                parts = aiter(httpx2.EventSource(response)) if events else response.aiter_bytes()
                            case Next():
                                outcome = await anext(parts, None)
                            case Listen():
                                await at_hand.aclose()
                                opening = socket_awaited(self._http, effect, self._options)
                                parts = await at_hand.enter_async_context(opening)
                            case Sleep(seconds):
                                await anyio.sleep(seconds)
                            case Work(work):
                                outcome = await anyio.to_thread.run_sync(work)
                            case Given():
                                outcome = self._options
                        step = partial(flow.send, outcome)
                    except httpx2.HTTPError as error:
                        step = partial(flow.throw, _told(error, self._options.url))
                    except SocketBroken as error:
                        step = partial(flow.throw, error.told)


def _bound(run: Callable[[Any], Any], flow: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(flow)
    def method(*args: Any, **kwargs: Any) -> Any:
        return run(flow(*args, **kwargs))

    return method


def _only(flow: Flow[T]) -> Items[T]:
    yield Emit((yield from flow))


def _request(http: httpx2.Client | httpx2.AsyncClient, call: Call, options: Options) -> httpx2.Request:
    query = {name: value for name, value in call.query.items() if value is not None}
    patience = options.patience if call.patience is None else call.patience
    timeout = httpx2.Timeout(patience, connect=min(patience, _CONNECTING))
    return http.build_request(
        call.method,
        call.path,
        params=query,
        headers=call.headers,
        json=call.json,
        content=call.content,
        timeout=timeout,
    )


def _reply(response: httpx2.Response) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, response.content if response.is_closed else b"")


def _told(error: httpx2.HTTPError, url: str) -> ClientError:
    problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, httpx2.DecodingError):
        return BadReply(f"What {url} answers cannot be decoded ({problem}).")
    remedy = "start it with `videoqa serve`, or set VIDEOQA_URL"
    if isinstance(error, _UNHEARD):
        return Unreachable(f"No service is at {url} ({problem}); {remedy}.", sent=False)
    return Unreachable(f"The service at {url} did not answer to the end ({problem}).")


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
