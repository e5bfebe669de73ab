"""Pins: moments of a recording that are kept, and the recording with them, however old it grows."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Response

from api.auth import Operator, Viewer, visible
from api.schemas.pins import NewPin, PinBody, PinPage
from api.service import Parts
from api.threads import in_thread
from videoqa.errors import OutsideRecording, UnknownPin
from videoqa.media import ZERO
from videoqa.ports import Pin
from videoqa.times import clock

router = APIRouter(prefix="/v1/recordings/{recording_id}/pins", tags=["recordings"])


@router.get("")
async def list_pins(*, service: Parts, caller: Viewer, recording_id: str) -> PinPage:
    """The moments of a recording that are kept."""
    recording = await visible(service, caller, recording_id)
    found = await in_thread(lambda: service.pins.pins([recording.id]))
    return PinPage(items=tuple(map(PinBody.from_domain, found)))


@router.post("", status_code=201)
async def pin_moment(
    *, service: Parts, caller: Operator, recording_id: str, wanted: NewPin, response: Response
) -> PinBody:
    """Keeps a moment: its recording is not cleared away, however old or full its camera's footage is."""
    recording = await visible(service, caller, recording_id)
    if ZERO < recording.length <= timedelta(seconds=wanted.start):
        raise OutsideRecording(title=recording.title, length=clock(recording.length))
    pin = Pin(secrets.token_hex(8), recording.id, wanted.span, wanted.note, caller.name, datetime.now(UTC))
    await in_thread(lambda: service.pins.add(pin), storing=True)
    response.headers["Location"] = f"/v1/recordings/{recording.id}/pins/{pin.id}"
    return PinBody.from_domain(pin)


@router.delete("/{pin_id}", status_code=204)
async def unpin_moment(*, service: Parts, caller: Operator, recording_id: str, pin_id: str) -> Response:
    """Lets a moment go the way of the rest of its footage."""
    recording = await visible(service, caller, recording_id)

    def remove() -> None:
        if all(pin.id != pin_id for pin in service.pins.pins([recording.id])):
            raise UnknownPin(name=pin_id)
        service.pins.remove(pin_id)

    await in_thread(remove, storing=True)
    return Response(status_code=204)
