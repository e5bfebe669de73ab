"""Footage that is fetched from an address: begun at once, brought in the background, followed as an upload."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass

import anyio
from pydantic import ValidationError

from api.auth import LOCAL
from api.limits import Allowance, payer
from api.meter import Meter
from api.schemas.uploads import Address
from api.service import Service
from api.threads import in_thread, stepwise
from api.uploads.told import first_problem
from api.uploads.under_way import UnderWay
from api.uploads.writing import Bounds, writing
from videoqa.access import Caller, Key
from videoqa.errors import ArrivalBusy, TooManyFetches, TooManyUploads, Unexpected, VideoqaError
from videoqa.intake import check_reach
from videoqa.ports import Arrival, Fetched

_TOLD = "fetched as"
"""The key of an arrival's metadata that holds what was asked for. No client of tus can send one with a blank."""
_AT_ONCE = 8
"""How many fetches of one key are under way: their servers may be as slow as they like."""
_log = logging.getLogger(__name__)


class Fetching:
    """The fetches under way in this process. One that a kill cuts off is begun again by the next process."""

    def __init__(self, service: Service, meter: Meter, under_way: UnderWay) -> None:
        self._service = service
        self._meter = meter
        self._under_way = under_way
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._of: Counter[str] = Counter()

    async def begin(self, asked: Address, caller: Caller, who: str) -> Arrival:
        """The upload that the footage at an address comes as. Its server has answered by then, or this one refuses.

        Raises:
            BadAddress: nothing is fetched from there.
            FetchFailed: the server is not there, or has no such file.
            UploadTooLarge: it is more than is taken.
            TagOutOfReach: a tag is wished for that the caller does not reach.
            TooManyFetches: as many are under way as a key may have.
        """
        check_reach(asked.tags, caller)
        if self._of[who] >= _AT_ONCE:
            raise TooManyFetches(limit=_AT_ONCE, retry_after=5)
        self._meter.begin_upload(who)
        self._of[who] += 1
        try:
            fetched = await self._fetched(asked)
        except BaseException:
            self._ended(who, metered=True)
            raise
        try:
            allowance = Allowance(self._meter, who)
            Bounds(self._service.limits.upload_bytes).check(fetched.length or 0)
            await allowance.expect(fetched.length or 0)
            metadata = {_TOLD: asked.model_dump_json()}
            inbox = self._service.inbox
            arrival = await in_thread(lambda: inbox.begin(caller.key_id, fetched.length, metadata), writing=True)
        except BaseException:
            self._ended(who, metered=True)
            await _close(fetched)
            raise
        self._start(_Fetch(arrival, asked, caller, who), fetched)
        return arrival

    async def resume(self) -> None:
        """Goes on with what an earlier process was asked to fetch."""
        keys = {key.id: key for key in await in_thread(self._service.keys.keys) if key.revoked_at is None}
        for arrival in await in_thread(self._service.inbox.arrivals, writing=True):
            if is_fetched(arrival):
                try:
                    await self._go_on(arrival, keys.get(arrival.owner))
                except VideoqaError as error:
                    # One that cannot even be told so must not keep the service from its start.
                    _log.warning("the fetch %s cannot be begun again: %s", arrival.id, error)

    async def _go_on(self, arrival: Arrival, key: Key | None) -> None:
        caller = LOCAL if key is None else Caller(key.id, key.name, key.role, key.scope)
        if arrival.owner != caller.key_id:
            await self._fail(arrival, "the key that asked for it is not in force any more")
            return
        try:
            asked = Address.model_validate_json(arrival.metadata[_TOLD])
        except ValidationError as error:
            await self._fail(arrival, f"what was asked for is not understood any more ({first_problem(error)})")
            return
        who, metered = payer(caller, ""), True
        try:
            self._meter.begin_upload(who)
        except TooManyUploads:
            metered = False  # it was let in before, and the limit may have been lowered since
        self._of[who] += 1
        self._start(_Fetch(arrival, asked, caller, who, metered), None)

    async def close(self) -> None:
        """Ends what is under way."""
        tasks = list(self._tasks.items())
        for task, upload_id in tasks:
            task.cancel()
            await self._under_way.hang_up(upload_id)
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)

    def _start(self, fetch: _Fetch, fetched: Fetched | None) -> None:
        task = asyncio.create_task(self._carry_out(fetch, fetched))
        self._tasks[task] = fetch.arrival.id
        task.add_done_callback(self._tasks.pop)

    async def _carry_out(self, fetch: _Fetch, fetched: Fetched | None) -> None:
        try:
            async with self._under_way.writer(fetch.arrival.id):
                await self._bring(fetch, fetched)
        except ArrivalBusy:
            _log.info("the fetch %s is carried out elsewhere, or was given up", fetch.arrival.id)
        except VideoqaError as error:
            await self._fail(fetch.arrival, str(error))
        except Exception as error:  # noqa: BLE001  nobody waits for this task; it is the last to hear of it
            _log.exception("the fetch %s failed", fetch.arrival.id)
            await self._fail(fetch.arrival, str(Unexpected(kind=type(error).__name__, problem="see the service's log")))
        finally:
            self._ended(fetch.who, metered=fetch.metered)
            if fetched is not None:
                await _close(fetched)

    def _ended(self, who: str, *, metered: bool) -> None:
        if metered:
            self._meter.end_upload(who)
        self._of[who] -= 1
        self._of += Counter()  # forgets whoever has none

    async def _bring(self, fetch: _Fetch, fetched: Fetched | None) -> None:
        inbox, arrival_id = self._service.inbox, fetch.arrival.id
        name = fetch.asked.url.partition("?")[0]
        if not await self._is_whole(arrival_id):
            coming = fetched or await self._fetched(fetch.asked)
            try:
                name = coming.name
                await self._write(fetch, coming)
            finally:
                await _close(coming)
        wishes = fetch.asked.wishes(name)
        await in_thread(
            lambda: self._service.intake.take(inbox.complete(arrival_id), wishes, fetch.caller), writing=True
        )

    async def _fetched(self, asked: Address) -> Fetched:
        return await in_thread(lambda: self._service.fetcher.fetch(asked.url), fetching=True)

    async def _is_whole(self, arrival_id: str) -> bool:
        """True where an earlier process had all of it, and was killed before it became a recording."""
        inbox = self._service.inbox
        here, arrival = await in_thread(lambda: (inbox.offset(arrival_id), inbox.arrival(arrival_id)), writing=True)
        return here > 0 and arrival is not None and here == arrival.declared

    async def _write(self, fetch: _Fetch, coming: Fetched) -> None:
        """Writes what comes. It counts when all of it is there: nobody can go on with half of it."""
        inbox, arrival_id = self._service.inbox, fetch.arrival.id
        incoming = await in_thread(lambda: inbox.open(arrival_id, 0, unproven=True), writing=True)
        bounds = Bounds(self._service.limits.upload_bytes)
        async with (
            writing(incoming, Allowance(self._meter, fetch.who), bounds) as file,
            aclosing(stepwise(coming.blocks(), fetching=True)) as blocks,
        ):
            self._under_way.tell(arrival_id, lambda: file.size, coming.stop)
            async for block in blocks:
                await file.add(block)
            await file.flush()
            await in_thread(lambda: inbox.declare(arrival_id, file.size), writing=True)
            await in_thread(incoming.prove, writing=True)

    async def _fail(self, arrival: Arrival, problem: str) -> None:
        _log.warning("the fetch %s failed: %s", arrival.id, problem)
        with anyio.CancelScope(shield=True):
            await in_thread(lambda: self._service.inbox.fail(arrival.id, problem), writing=True)


@dataclass(frozen=True, slots=True)
class _Fetch:
    """What is fetched, for whom, and who pays; ``metered`` where it counts as one more upload."""

    arrival: Arrival
    asked: Address
    caller: Caller
    who: str
    metered: bool = True


def is_fetched(arrival: Arrival) -> bool:
    """True where nobody sends the bytes of ``arrival``: this service fetches them."""
    return _TOLD in arrival.metadata


async def _close(fetched: Fetched) -> None:
    with anyio.CancelScope(shield=True):
        await in_thread(fetched.close, writing=True)
