"""Of several processes over one data directory one tells whoever is to be told once: who holds the lock of a file."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from videoqa.errors import VideoqaError

_log = logging.getLogger(__name__)


async def carried_on(told: str, work: Callable[[], Awaitable[None]], pause: float) -> None:
    """Does ``work`` until it returns, or this is cancelled; where it fails it begins again ``pause`` seconds later.

    ``told`` names it in the log.
    """
    while True:
        try:
            await work()
        except (VideoqaError, OSError) as error:
            _log.warning("%s begins again after %s", told, error)
        except Exception:  # noqa: BLE001  logged, and the reason to begin again
            # Whoever is told of alerts is not to stay without them until the service is started anew.
            _log.exception("%s begins again after a failure", told)
        else:
            return
        await asyncio.sleep(pause)


@asynccontextmanager
async def alone(file: Path, pause: float) -> AsyncIterator[None]:
    """Waits until no other process is in here with ``file``, looking every ``pause`` seconds.

    Raises:
        OSError: it cannot be opened.
    """
    lock = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await asyncio.sleep(pause)
            else:
                break
        yield
    finally:
        os.close(lock)
