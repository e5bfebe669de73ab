"""The one place where the asynchronous edge crosses over to the synchronous core."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from videoqa.line import Line, on

T = TypeVar("T")

_QUICK = anyio.CapacityLimiter(32)
_SLOW = anyio.CapacityLimiter(16)
_CUTTING = anyio.CapacityLimiter(4)
_BUSY = anyio.CapacityLimiter(max(2, os.cpu_count() or 1))
_WAITING = anyio.CapacityLimiter(64)
_FETCHING = anyio.CapacityLimiter(32)
_WRITING = anyio.CapacityLimiter(16)
_STORING = anyio.CapacityLimiter(16)
_POSTING = anyio.CapacityLimiter(128)
_KNOWING = anyio.CapacityLimiter(16)
_CLOSING = anyio.CapacityLimiter(16)
_END = object()


async def in_thread(
    work: Callable[[], T],
    *,
    slow: bool = False,
    cutting: bool = False,
    busy: bool = False,
    writing: bool = False,
    waiting: bool = False,
    fetching: bool = False,
    storing: bool = False,
    posting: bool = False,
    knowing: bool = False,
) -> T:
    """What ``work`` returns, run on a thread.

    What decodes is ``slow`` and waits in its own line, and the ``cutting`` of clips, which takes minutes, in another.
    What keeps a processor ``busy`` does too, as many of it at once as there are processors: more of them take no less
    time, and keep the event loop from its turn.
    What brings footage to the disk is ``writing``: a disk that does not keep up holds up nothing else. What hears from
    another server is ``waiting``, but what fetches footage from one is ``fetching``: no server that somebody names may
    keep questions from being answered.
    What is ``posting`` waits for servers, too, of which none may keep anybody else from anything: there are places for
    every webhook, each of which is told one thing at a time, and for the broker.
    What changes the database is ``storing``: it may wait for whoever else writes to it, and no reader waits behind it.
    ``knowing`` is what every request needs before anything else: whose key it is, and whether the database is reached.
    """
    lines = (
        (storing, _STORING),
        (knowing, _KNOWING),
        (busy, _BUSY),
        (slow, _SLOW),
        (cutting, _CUTTING),
        (writing, _WRITING),
        (waiting, _WAITING),
        (fetching, _FETCHING),
        (posting, _POSTING),
        (True, _QUICK),
    )
    # Nobody waits at the end for a server that does not answer.
    return await run_sync(work, limiter=next(each for meant, each in lines if meant), abandon_on_cancel=posting)


async def stepwise(parts: Iterator[T], *, fetching: bool = False) -> AsyncGenerator[T, None]:
    """The parts of an iterator that waits for a model, or is ``fetching`` footage, one thread call each.

    When nobody wants more, what it waits for is hung up on, and it is closed.
    """
    line, turn = Line(), threading.Lock()
    limiter = _FETCHING if fetching else _WAITING

    def step() -> T | object:
        with turn, on(line):
            return _END if line.gone else next(parts, _END)

    def close() -> None:
        line.hang_up()
        # A generator that still runs cannot be closed.
        with turn:
            closing = getattr(parts, "close", None)
            if closing is not None:
                closing()

    try:
        while (part := await run_sync(step, limiter=limiter, abandon_on_cancel=True)) is not _END:
            yield part  # type: ignore[misc]
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(close, limiter=_CLOSING)
