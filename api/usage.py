"""What was spent: tokens, seconds and money, by key and by recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Viewer
from api.reach import everyones
from api.schemas.usage import KeyUsage, RecordingCost, UsageBody, UsageReport
from api.schemas.wire import seconds
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.events import Usage
from videoqa.media import ZERO
from videoqa.ports import OwnerUsage, RecordingFilter

router = APIRouter(prefix="/v1/usage", tags=["usage"])


@router.get("")
async def show_usage(
    *,
    service: Parts,
    caller: Viewer,
    after: Annotated[str | None, Query(max_length=200, description="The `next` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> UsageReport:
    """What a key's questions and recordings cost; what those of all keys did, to an admin who reaches everything."""

    def report() -> UsageReport:
        owner = None if everyones(caller) else caller.key_id
        wanted = RecordingFilter(owner=owner)
        found = service.archive.usages(wanted, after, limit + 1)
        shown = found[:limit]
        return UsageReport(
            items=tuple(map(RecordingCost.from_domain, shown)),
            next=shown[-1].recording_id if len(found) > limit else None,
            keys=_by_key(service, caller, service.archive.owners(wanted)),
        )

    return await in_thread(report)


def _by_key(service: Service, caller: Caller, spent: Sequence[OwnerUsage]) -> tuple[KeyUsage, ...]:
    answers = service.answers.usage(None if everyones(caller) else (caller.key_id,))
    names = {caller.key_id: caller.name}
    if everyones(caller):
        names |= {key.id: key.name for key in service.keys.keys()}  # noqa: SIM118  a port's method
    brought = {each.owner: each for each in spent}
    nothing = OwnerUsage("", ZERO, Usage())
    return tuple(
        KeyUsage(
            key_id=key_id,
            name=names.get(key_id),
            footage=seconds(brought.get(key_id, nothing).footage),
            answers=UsageBody.from_domain(answers.get(key_id, Usage())),
            indexing=UsageBody.from_domain(brought.get(key_id, nothing).usage),
        )
        for key_id in sorted({caller.key_id, *answers, *brought})
    )
