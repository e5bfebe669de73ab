"""What one key, or one address where no key is asked for, may use: requests, uploads at once, bytes and footage a day.

Counts are kept by this process; several processes each count for themselves.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Annotated

from fastapi import Depends, Request
from limits import RateLimitItem, RateLimitItemPerDay, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from api.auth import Operator
from api.service import Limits, Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.errors import QuotaSpent, TooManyRequests, TooManyUploads, TooManyWrongKeys
from videoqa.ports import RecordingFilter

_DAY = timedelta(days=1)


class Meter:
    """Counts what each key or address uses, against the same ``limits`` for all."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._rates = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = parse(limits.requests)
        self._wrong_keys = parse(limits.wrong_keys)
        self._bytes = RateLimitItemPerDay(limits.day_bytes) if limits.day_bytes else None
        self._uploads: Counter[str] = Counter()

    async def request(self, who: str) -> None:
        """
        Raises:
            TooManyRequests: ``who`` sent more than the rate allows.
        """
        if not await self._rates.hit(self._requests, "requests", who):
            raise TooManyRequests(limit=self._requests, retry_after=await self._wait(self._requests, "requests", who))

    async def wrong_key(self, address: str) -> None:
        """Counts a request with a key that is not in force."""
        await self._rates.hit(self._wrong_keys, "wrong-keys", address)

    async def trusted(self, address: str) -> bool:
        """False where too many wrong keys came from ``address``."""
        return await self._rates.test(self._wrong_keys, "wrong-keys", address)

    async def distrust(self, address: str) -> TooManyWrongKeys:
        """What is told to an address that is not trusted."""
        return TooManyWrongKeys(address=address, retry_after=await self._wait(self._wrong_keys, "wrong-keys", address))

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
        return QuotaSpent(what="uploading", limit=f"{item.amount} bytes a day", after=_clock(wait), retry_after=wait)

    async def _wait(self, item: RateLimitItem, *who: str) -> int:
        """Whole seconds until there is some room again."""
        stats = await self._rates.get_window_stats(item, *who)
        return max(1, ceil(stats.reset_time - time.time()))


class Allowance:
    """What the caller of an upload may still bring. The upload counts as under way as long as the request lasts."""

    def __init__(self, meter: Meter, who: str) -> None:
        self._meter = meter
        self._who = who

    async def expect(self, size: int) -> None:
        """Refuses at its beginning what would be refused in its middle: ``size`` bytes are said to come.

        Raises:
            QuotaSpent: they are more than the day allows.
        """
        await self._meter.expect(self._who, size)

    async def charge(self, size: int) -> None:
        """Counts ``size`` bytes that have come.

        Raises:
            QuotaSpent: they are more than the day allows.
        """
        await self._meter.charge(self._who, size)


def meter_of(request: Request) -> Meter:
    meter: Meter = request.app.state.meter
    return meter


async def _allowance(request: Request, service: Parts, caller: Operator) -> AsyncIterator[Allowance]:
    meter, who = meter_of(request), payer(caller, address_of(request))
    await _footage_left(service, caller)
    meter.begin_upload(who)
    try:
        yield Allowance(meter, who)
    finally:
        meter.end_upload(who)


Uploading = Annotated[Allowance, Depends(_allowance)]
"""A parameter of a route that takes in footage: one more upload of this caller, within what it may."""


def payer(caller: Caller, address: str) -> str:
    """Whom a request is counted for."""
    return f"key {caller.key_id}" if caller.key_id else f"address {address}"


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _footage_left(service: Service, caller: Caller) -> None:
    """
    Raises:
        QuotaSpent: the recordings that the caller added within a day are as long as it may. The length of one that
            waits is not known yet, and not counted.
    """
    most = service.limits.footage_seconds
    if not most:
        return
    since = datetime.now(UTC) - _DAY

    def footage() -> tuple[float, datetime]:
        total, first, after = timedelta(0), since + _DAY, None
        wanted = RecordingFilter(owner=caller.key_id)
        while page := service.archive.page(wanted, after, 200):
            for recording in page:
                if recording.added_at is None or recording.added_at <= since:
                    return total.total_seconds(), first
                total, first = total + recording.length, recording.added_at
            after = page[-1].id
        return total.total_seconds(), first

    used, first = await in_thread(footage)
    if used >= most:
        wait = max(1, ceil((first - since).total_seconds()))
        raise QuotaSpent(what="footage", limit=f"{most:g} s a day", after=_clock(wait), retry_after=wait)


def _clock(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S UTC")
