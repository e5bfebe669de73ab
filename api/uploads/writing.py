"""Brings what a request carries to the disk: a block is written while the next one comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from api.limits import Allowance
from api.threads import in_thread
from videoqa.errors import UploadTooLarge
from videoqa.ports import Inbox, Incoming

BLOCK = 2**18
"""Bytes that are written at once. Larger ones are no quicker, and 200 uploads hold two of them each."""


class Writing:
    """The file of one arrival, and what of it has come and is not written yet."""

    def __init__(self, incoming: Incoming, allowance: Allowance, most: int) -> None:
        self._incoming = incoming
        self._allowance = allowance
        self._most = most
        self._parts: list[bytes | memoryview] = []
        self._waiting = 0
        self._under_way: asyncio.Task[None] | None = None
        self.size = incoming.size
        """Bytes of the file, with those that wait to be written."""

    async def add(self, data: bytes | memoryview) -> None:
        """
        Raises:
            DiskFull: there is no room for it.
            QuotaSpent: it is more than the caller may bring.
            UploadTooLarge: it is more than is taken.
        """
        self.size += len(data)
        if self.size > self._most:
            raise UploadTooLarge(size=self.size, limit=self._most, setting="VIDEOQA_UPLOAD_MB")
        self._parts.append(data)
        self._waiting += len(data)
        if self._waiting >= BLOCK:
            await self._write()

    async def flush(self) -> None:
        """Has all of it written; raises what ``add`` does."""
        await self._write()
        await self._written()

    async def _write(self) -> None:
        parts, size = self._parts, self._waiting
        self._parts, self._waiting = [], 0
        await self._allowance.charge(size)
        await self._written()
        if parts:
            block = parts[0] if len(parts) == 1 else b"".join(parts)
            self._under_way = asyncio.create_task(in_thread(lambda: self._incoming.write(block), writing=True))

    async def _written(self) -> None:
        if (task := self._under_way) is not None:
            self._under_way = None
            await task

    async def close(self) -> None:
        """Lets go of the file. What was not written then is given up."""
        with anyio.CancelScope(shield=True):
            try:
                await self._written()
            finally:
                await in_thread(self._incoming.close, writing=True)


@asynccontextmanager
async def writing(
    inbox: Inbox, arrival_id: str, offset: int, allowance: Allowance, most: int, *, unproven: bool = False
) -> AsyncIterator[Writing]:
    """Writes to an arrival at ``offset``, until the block ends; however it ends, the file is closed."""
    incoming = await in_thread(lambda: inbox.open(arrival_id, offset, unproven=unproven), writing=True)
    file = Writing(incoming, allowance, most)
    try:
        yield file
    finally:
        await file.close()
