"""Writing into the audit log who did what."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from starlette.requests import HTTPConnection

from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.errors import StorageError
from videoqa.ports import Deed

_LONGEST = 200
_log = logging.getLogger(__name__)


async def write_down(
    service: Service, request: HTTPConnection, caller: Caller, action: str, *, subject: str, outcome: int
) -> None:
    """A line about what ``caller`` did with ``request``."""
    deed = Deed(
        at=datetime.now(UTC),
        key_id=caller.key_id,
        key_name=caller.name,
        address=request.client.host if request.client else "unknown",
        action=action[:_LONGEST],
        subject=subject[:_LONGEST],
        request_id=getattr(request.state, "request_id", ""),
        outcome=outcome,
    )
    try:
        await in_thread(lambda: service.audit.write(deed), storing=True)
    except StorageError as error:
        # What was done is done; whoever did it is to be told so, and the log of the process has the line.
        _log.error("the audit log cannot be written (%s): %s", error, deed)
