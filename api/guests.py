"""Whoever is being answered: what is open with a key ends with the key."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller, Key
from videoqa.errors import VideoqaError

CUT = "videoqa.cut"
"""The extension of an ASGI scope that cuts the connection that a request came by."""
LOOK_SECONDS = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Guest:
    key_id: str
    out: Callable[[], None]


class Guests:
    """Looks at the keys every second while anybody is here, and sees those out who may not be here any more.

    Those are whoever holds a key that was revoked, and whoever has none once one is needed.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._here: set[_Guest] = set()
        self._looking: asyncio.Task[None] | None = None

    def enter(self, caller: Caller, out: Callable[[], None]) -> Callable[[], None]:
        """Has ``out`` called, once, as soon as ``caller`` may not be here any more; what is returned says farewell."""
        guest = _Guest(caller.key_id, out)
        self._here.add(guest)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return lambda: self._here.discard(guest)

    def heed(self, keys: Iterable[Key]) -> None:
        """Sees to it at once, for whoever has looked at all ``keys`` anyway."""
        every = tuple(keys)
        in_force = frozenset(key.id for key in every if key.revoked_at is None)
        needed = self._service.keys_needed or bool(every)
        for guest in tuple(self._here):
            if guest.key_id not in in_force if guest.key_id else needed:
                self._here.discard(guest)
                guest.out()

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._here:
                return
            try:
                self.heed(await in_thread(self._service.keys.keys, knowing=True))
            except VideoqaError as error:
                # What cannot be read now is read later, and nobody is cut off for it.
                _log.warning("whose keys are in force cannot be looked up: %s", error)
