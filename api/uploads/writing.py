"""Brings what a request carries to the disk: a block is written while the next one comes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar

import anyio

from api.limits import Allowance
from api.threads import in_thread
from api.uploads.headers import Checksum
from videoqa.errors import MoreThanDeclared, UploadTooLarge, WrongChecksum
from videoqa.ports import Incoming

LARGE, SMALL, FEW = 2**20, 2**17, 16
"""Bytes that are written at once while only a few uploads are under way, and with more of them: large blocks take a
third less of the processor, but each upload holds two."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a file may become: as large as any, and as it was ``declared`` to be."""

    most: int
    declared: int | None = None

    def check(self, size: int) -> None:
        """
        Raises:
            MoreThanDeclared: ``size`` is more than was declared.
            UploadTooLarge: it is more than is taken.
        """
        if size > self.most:
            raise UploadTooLarge(size=size, limit=self.most, setting="VIDEOQA_UPLOAD_MB")
        if self.declared is not None and size > self.declared:
            raise MoreThanDeclared(declared=self.declared)


class Writing:
    """The file of one arrival, and what of it has come and is not written yet."""

    under_way: ClassVar[int] = 0

    def __init__(
        self, incoming: Incoming, allowance: Allowance, bounds: Bounds, checksum: Checksum | None = None
    ) -> None:
        self._incoming = incoming
        self._allowance = allowance
        self._bounds = bounds
        self._checksum = checksum
        self._sum = None if checksum is None else hashlib.new(checksum.algorithm, usedforsecurity=False)
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
            MoreThanDeclared: it is more than was declared.
        """
        self.size += len(data)
        self._bounds.check(self.size)
        self._parts.append(data)
        self._waiting += len(data)
        if self._waiting >= (LARGE if Writing.under_way <= FEW else SMALL):
            await self._write()

    async def flush(self) -> None:
        """Has what came written; raises what ``add`` does."""
        await self._write()
        await self._written()

    async def _write(self) -> None:
        parts, size = self._parts, self._waiting
        self._parts, self._waiting = [], 0
        await self._allowance.charge(size)
        await self._written()
        if parts:
            block = parts[0] if len(parts) == 1 else b"".join(parts)
            self._under_way = asyncio.create_task(in_thread(lambda: self._put(block), writing=True))

    def _put(self, block: bytes | memoryview) -> None:
        self._incoming.write(block)
        if self._sum is not None:
            self._sum.update(block)

    async def _written(self) -> None:
        if (task := self._under_way) is not None:
            self._under_way = None
            await task

    async def prove(self) -> None:
        """
        Raises:
            WrongChecksum: what was written does not have the checksum that was told.
        """
        if self._checksum is None or self._sum is None:
            return
        if not hmac.compare_digest(self._sum.digest(), self._checksum.value):
            raise WrongChecksum
        await in_thread(self._incoming.prove, writing=True)

    async def close(self) -> None:
        """Lets go of the file. What was not written then is given up."""
        with anyio.CancelScope(shield=True):
            try:
                await self._written()
            finally:
                await in_thread(self._incoming.close, writing=True)


@asynccontextmanager
async def writing(
    incoming: Incoming, allowance: Allowance, bounds: Bounds, checksum: Checksum | None = None
) -> AsyncIterator[Writing]:
    """Writes to ``incoming`` until the block ends; however it ends, the file is closed."""
    file = Writing(incoming, allowance, bounds, checksum)
    Writing.under_way += 1
    try:
        yield file
    finally:
        Writing.under_way -= 1
        await file.close()
