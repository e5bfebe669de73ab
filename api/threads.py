"""The one place where the asynchronous edge crosses over to the synchronous core."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

T = TypeVar("T")

_QUICK = anyio.CapacityLimiter(32)
_SLOW = anyio.CapacityLimiter(16)
_END = object()


async def in_thread(work: Callable[[], T], *, slow: bool = False) -> T:
    """What ``work`` returns, run on a thread. What decodes or asks a model is ``slow``: it waits in its own line."""
    return await run_sync(work, limiter=_SLOW if slow else _QUICK)


async def stepwise(parts: Iterator[T]) -> AsyncIterator[T]:
    """The parts of a slow iterator, one thread call each; it is closed when nobody wants more."""
    try:
        while (part := await in_thread(lambda: next(parts, _END), slow=True)) is not _END:
            yield part  # type: ignore[misc]
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            with anyio.CancelScope(shield=True):
                await in_thread(close, slow=True)
