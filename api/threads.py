"""The one place where the asynchronous edge crosses over to the synchronous core."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

T = TypeVar("T")

_QUICK = anyio.CapacityLimiter(32)
_SLOW = anyio.CapacityLimiter(16)
_BUSY = anyio.CapacityLimiter(max(2, os.cpu_count() or 1))
_WAITING = anyio.CapacityLimiter(64)
_WRITING = anyio.CapacityLimiter(16)
_END = object()


async def in_thread(
    work: Callable[[], T],
    *,
    slow: bool = False,
    busy: bool = False,
    writing: bool = False,
    waiting: bool = False,
) -> T:
    """What ``work`` returns, run on a thread.

    What decodes is ``slow`` and waits in its own line. What keeps a processor ``busy`` does too, as many of it at once
    as there are processors: more of them take no less time, and keep the event loop from its turn.
    What brings footage to the disk is ``writing``: a disk that does not keep up holds up nothing else. What hears from
    another server is ``waiting``.
    """
    lines = ((busy, _BUSY), (slow, _SLOW), (writing, _WRITING), (waiting, _WAITING), (True, _QUICK))
    return await run_sync(work, limiter=next(limiter for meant, limiter in lines if meant))


async def stepwise(parts: Iterator[T]) -> AsyncGenerator[T, None]:
    """The parts of an iterator that waits for a model, one thread call each; it is closed when nobody wants more."""
    try:
        while (part := await run_sync(lambda: next(parts, _END), limiter=_WAITING)) is not _END:
            yield part  # type: ignore[misc]
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            # Where the event loop itself ends, a step may still be under way; it closes with its thread.
            with anyio.CancelScope(shield=True), suppress(ValueError):
                await run_sync(close, limiter=_WAITING)
