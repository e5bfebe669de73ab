"""Forgets uploads that nobody goes on with, as long as the service runs."""

from __future__ import annotations

import asyncio
import logging

from api.service import Service
from api.threads import in_thread
from videoqa.errors import VideoqaError

SECONDS = 600.0
_log = logging.getLogger(__name__)


async def sweep_loop(service: Service) -> None:
    """Sweeps until it is cancelled."""
    while True:
        try:
            swept = await in_thread(service.inbox.sweep, writing=True)
        except VideoqaError as error:
            _log.warning("uploads that were given up cannot be swept: %s", error)
        else:
            if swept:
                _log.info("%d uploads that nobody went on with were given up", swept)
        await asyncio.sleep(SECONDS)
