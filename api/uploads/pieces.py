"""An upload in pieces: written where it stands, and taken in when it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.limits import Allowance
from api.schemas.uploads import Told
from api.service import Service
from api.threads import in_thread
from api.uploads import headers
from api.uploads.fetching import is_fetched
from api.uploads.told import FIELDS, told
from api.uploads.under_way import UnderWay
from api.uploads.writing import Bounds, writing
from videoqa.access import Caller, Role
from videoqa.errors import (
    ArrivalBusy,
    EmptyUpload,
    MoreThanDeclared,
    TooSlow,
    UnknownUpload,
    WrongChecksum,
    WrongOffset,
)
from videoqa.intake import check_reach
from videoqa.ports import Arrival

_NAMES = ("filename", "name")
"""The keys by which clients tell what the file is called."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads of one caller; an admin sees those of others too."""

    service: Service
    caller: Caller
    under_way: UnderWay

    async def arrival(self, upload_id: str) -> Arrival:
        """
        Raises:
            UnknownUpload: there is none for this caller.
        """
        arrival = await in_thread(lambda: self.service.inbox.arrival(upload_id), writing=True)
        sees_all = self.caller.role is Role.ADMIN and self.caller.scope.everything
        if arrival is None or not (sees_all or self._owns(arrival)):
            raise UnknownUpload(name=upload_id)
        return arrival

    async def begin(self, request: Request, allowance: Allowance) -> tuple[Arrival, int]:
        """A new upload, and where it stands after the piece that came with it."""
        length, metadata = headers.length(request.headers), headers.metadata(request.headers)
        check_reach(told_of(metadata).tags, self.caller)
        if length == 0:
            raise EmptyUpload
        headers.checksum(request.headers)
        if length is not None:
            Bounds(self.service.limits.upload_bytes).check(length)
            await allowance.expect(length)
        inbox, offset = self.service.inbox, 0
        arrival = await in_thread(lambda: inbox.begin(self.caller.key_id, length, metadata), writing=True)
        async with self.under_way.writer(arrival.id):
            if headers.is_piece(request.headers):
                try:
                    offset = await self._append(request, arrival, 0, allowance)
                except (WrongChecksum, MoreThanDeclared):
                    # Whoever sent it does not know yet where it would go on.
                    await in_thread(lambda: inbox.discard(arrival.id), writing=True)
                    raise
            return await self._settle(arrival, offset), offset

    async def standing(self, upload_id: str, *, hang_up: bool = False) -> tuple[Arrival, int]:
        """The upload, and how much of it is here. One that is whole and could not be taken in before is so now.

        With ``hang_up`` a request that still writes to it is ended.
        """
        arrival = await self.arrival(upload_id)
        if is_fetched(arrival):
            coming = self.under_way.size(upload_id)
            return arrival, await self._offset(upload_id) if coming is None else coming
        if hang_up and self._owns(arrival):
            await self.under_way.hang_up(upload_id)
        offset = await self._offset(upload_id)
        if arrival.declared == offset and not self.under_way.writes(upload_id):
            async with self.under_way.writer(upload_id):
                arrival = await self._settle(await self.arrival(upload_id), offset)
        return arrival, offset

    async def go_on(self, request: Request, upload_id: str, allowance: Allowance) -> tuple[Arrival, int]:
        """The upload, and where it stands with the piece that ``request`` brings.

        Raises:
            WrongOffset: the piece does not begin where the file ends.
        """
        offset = headers.needed_number(request.headers, "Upload-Offset")
        async with self.under_way.writer(upload_id):
            arrival = await self.arrival(upload_id)
            if not self._owns(arrival):
                raise UnknownUpload(name=upload_id)
            if is_fetched(arrival):
                raise ArrivalBusy
            here = await self._offset(upload_id)
            if here != offset:
                raise WrongOffset(offset=here, given=offset)
            arrival = await self._with_length(request, arrival, offset)
            if not arrival.recording_id:
                offset = await self._append(request, arrival, offset, allowance)
                arrival = await self._settle(arrival, offset)
            return arrival, offset

    async def end(self, upload_id: str) -> None:
        """Gives the upload up; what has become of it stays."""
        await self.arrival(upload_id)
        await self.under_way.hang_up(upload_id)
        await in_thread(lambda: self.service.inbox.discard(upload_id), writing=True)

    async def _append(self, request: Request, arrival: Arrival, offset: int, allowance: Allowance) -> int:
        """Writes the body of ``request`` to ``arrival`` at ``offset``; where the file ends then.

        What came counts however the request ends, but where it was to have a checksum.
        """
        checksum = headers.checksum(request.headers)
        bounds = Bounds(self.service.limits.upload_bytes, arrival.declared)
        size = int(request.headers.get("content-length", "0"))
        bounds.check(offset + size)
        await allowance.expect(size)
        incoming = await in_thread(
            lambda: self.service.inbox.open(arrival.id, offset, unproven=checksum is not None), writing=True
        )
        async with writing(incoming, allowance, bounds, checksum) as file:
            try:
                async for chunk in request.stream():
                    await file.add(chunk)
            except (ClientDisconnect, TooSlow):
                await file.flush()
                raise
            await file.flush()
            await file.prove()
        return file.size

    async def _settle(self, arrival: Arrival, offset: int) -> Arrival:
        """``arrival``, which has become a recording where all of it is here."""
        if arrival.recording_id or arrival.problem or offset != arrival.declared or not self._owns(arrival):
            return arrival
        name = next((arrival.metadata[key] for key in _NAMES if key in arrival.metadata), "")
        wishes = told_of(arrival.metadata).wishes(name)
        inbox, intake = self.service.inbox, self.service.intake
        await in_thread(lambda: intake.take(inbox.complete(arrival.id), wishes, self.caller), writing=True)
        return await self.arrival(arrival.id)

    async def _with_length(self, request: Request, arrival: Arrival, offset: int) -> Arrival:
        length = headers.number(request.headers, "Upload-Length")
        if length is None or length == arrival.declared:
            return arrival
        if arrival.declared is not None or length < offset:
            raise headers.refused("Upload-Length", length, "the length that was told first, or none")
        if length == 0:
            await in_thread(lambda: self.service.inbox.discard(arrival.id), writing=True)
            raise EmptyUpload
        Bounds(self.service.limits.upload_bytes).check(length)
        return await in_thread(lambda: self.service.inbox.declare(arrival.id, length), writing=True)

    async def _offset(self, upload_id: str) -> int:
        return await in_thread(lambda: self.service.inbox.offset(upload_id), writing=True)

    def _owns(self, arrival: Arrival) -> bool:
        return arrival.owner == self.caller.key_id


def told_of(metadata: Mapping[str, str]) -> Told:
    """What ``metadata`` says of the footage. Clients tell more than that, for servers of other kinds.

    Raises:
        MalformedRequest: something of it cannot be.
    """
    return told((key, value) for key, value in metadata.items() if key in FIELDS)
