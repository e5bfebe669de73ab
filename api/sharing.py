"""Work that is done once for all who wait for it, and given up when the last of them has left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.threads import in_thread
from videoqa.line import HungUp, Line, on

T = TypeVar("T")


class Shared(Generic[T]):
    """Work by what it is about."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _UnderWay[T]] = {}

    async def result(self, about: Hashable, work: Callable[[], T]) -> T:
        """What ``work`` returns: what somebody else has begun for the same, or else begun now, on a thread that cuts.

        Whoever is cancelled waits no more; without anybody who does, the line that ``work`` has is hung up.
        """
        found = self._under_way.get(about)
        if found is None:
            found = self._under_way[about] = _UnderWay(work)
        found.waiting += 1
        try:
            return await asyncio.shield(found.task)
        finally:
            found.waiting -= 1
            if not found.waiting:
                # Who comes now begins anew.
                self._under_way.pop(about, None)
                found.line.hang_up()


class _UnderWay(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self.waiting = 0
        self.line = Line()
        self.task = asyncio.create_task(in_thread(lambda: self._done(work), cutting=True))
        # Nobody is left to hear what becomes of it when all have gone.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    def _done(self, work: Callable[[], T]) -> T:
        try:
            with on(self.line):
                self.line.check()
                return work()
        except HungUp as gone:
            raise ClientDisconnect from gone


async def unless_gone(request: Request, work: asyncio.Future[T]) -> T:
    """What ``work`` comes to, which is cancelled where whoever asked hangs up.

    Raises:
        ClientDisconnect: that is what happened.
    """
    gone = asyncio.ensure_future(left(request))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientDisconnect
        return work.result()
    finally:
        gone.cancel()
        work.cancel()


async def left(request: Request) -> None:
    """Returns when whoever sent ``request`` has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
