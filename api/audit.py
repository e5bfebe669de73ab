"""The audit log: who did what to which object, and whose key was wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Admin
from api.keys import within_reach
from api.schemas.instants import Instant
from api.schemas.keys import AuditPage, DeedBody
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.ports import Deed

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("")
async def list_deeds(
    *,
    service: Parts,
    caller: Admin,
    after: Annotated[Instant | None, Query(description="The `next` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    """What was changed and by whom, the youngest first. A limited key sees what keys within its reach did."""
    found = await in_thread(lambda: _page(service, caller, after, limit))
    full = len(found) >= limit
    return AuditPage(
        items=tuple(DeedBody.from_domain(deed) for deed in found), next=found[-1].at.isoformat() if full else None
    )


def _page(service: Service, caller: Caller, before: datetime | None, limit: int) -> list[Deed]:
    if caller.scope.everything:
        return list(service.audit.deeds(before, limit))
    known, found = {key.id for key in within_reach(service, caller)}, list[Deed]()
    while len(found) < limit and (page := service.audit.deeds(before, 1000)):
        found += [deed for deed in page if deed.key_id in known]
        before = page[-1].at
    if len(found) <= limit:
        return found
    # As the log itself does: a page goes on to the end of its last instant.
    return [deed for deed in found if deed.at >= found[limit - 1].at]
