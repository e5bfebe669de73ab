"""Counts what each key, or each address where no key is asked for, uses. Every process counts for itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import ceil

from limits import RateLimitItem, RateLimitItemPerDay, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from api.service import Limits
from videoqa.errors import QuotaSpent, TooManyRequests, TooManyStreams, TooManyUploads, TooManyWrongKeys

MOST_STREAMS = 32
"""So many moving pictures of cameras one key, or one address without keys, is shown at once: each looks for the next
picture several times a second.
"""


class Meter:
    """Counts what each key or address uses, against the same ``limits`` for all."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._rates = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = parse(limits.requests)
        self._wrong_keys = parse(limits.wrong_keys)
        self._bytes = RateLimitItemPerDay(limits.day_bytes) if limits.day_bytes else None
        self._uploads: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()

    async def request(self, who: str) -> None:
        """
        Raises:
            TooManyRequests: ``who`` sent more than the rate allows.
        """
        if not await self._rates.hit(self._requests, "requests", who):
            raise TooManyRequests(limit=self._requests, retry_after=await self._wait(self._requests, "requests", who))

    async def wrong_key(self, address: str) -> None:
        """Counts a request with a key that is not in force.

        Raises:
            TooManyWrongKeys: more of them came from ``address`` than the rate allows.
        """
        if not await self._rates.hit(self._wrong_keys, "wrong-keys", address):
            wait = await self._wait(self._wrong_keys, "wrong-keys", address)
            raise TooManyWrongKeys(address=address, retry_after=wait)

    def begin_upload(self, who: str) -> None:
        """
        Raises:
            TooManyUploads: as many are under way as ``who`` may have.
        """
        if self._uploads[who] >= self.limits.uploads_at_once:
            raise TooManyUploads(limit=self.limits.uploads_at_once, retry_after=1)
        self._uploads[who] += 1

    def end_upload(self, who: str) -> None:
        self._uploads[who] -= 1
        self._uploads += Counter()  # forgets whoever has none

    @contextmanager
    def stream(self, who: str) -> Iterator[None]:
        """While it is entered, a camera's moving picture is shown to ``who``.

        Raises:
            TooManyStreams: as many are as may be.
        """
        if self._streams[who] >= MOST_STREAMS:
            raise TooManyStreams(limit=MOST_STREAMS, retry_after=1)
        self._streams[who] += 1
        try:
            yield
        finally:
            self._streams[who] -= 1
            self._streams += Counter()  # forgets whoever has none

    async def expect(self, who: str, size: int) -> None:
        """
        Raises:
            QuotaSpent: ``size`` bytes more than the day allows.
        """
        if self._bytes is not None and not await self._rates.test(self._bytes, "bytes", who, cost=size):
            raise await self._spent(self._bytes, who)

    async def charge(self, who: str, size: int) -> None:
        """Counts ``size`` bytes that have come.

        Raises:
            QuotaSpent: they are more than the day allows; they are not counted.
        """
        if self._bytes is not None and not await self._rates.hit(self._bytes, "bytes", who, cost=size):
            raise await self._spent(self._bytes, who)

    async def _spent(self, item: RateLimitItem, who: str) -> QuotaSpent:
        wait = await self._wait(item, "bytes", who)
        return QuotaSpent(what="uploading", limit=f"{item.amount} bytes a day", after=clock_in(wait), retry_after=wait)

    async def _wait(self, item: RateLimitItem, *who: str) -> int:
        """Whole seconds until there is some room again."""
        stats = await self._rates.get_window_stats(item, *who)
        return max(1, ceil(stats.reset_time - time.time()))


def clock_in(seconds: int) -> str:
    """The wall clock in so many seconds, as a message tells it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S UTC")
