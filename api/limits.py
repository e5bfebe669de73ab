"""What one key, or one address where no key is asked for, may bring: uploads at once, bytes and footage a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from api.auth import Operator
from api.meter import Meter, clock_in
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.errors import QuotaSpent
from videoqa.ports import RecordingFilter

_DAY = timedelta(days=1)


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


def address_of(request: HTTPConnection) -> str:
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
        raise QuotaSpent(what="footage", limit=f"{most:g} s a day", after=clock_in(wait), retry_after=wait)
