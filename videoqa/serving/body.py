"""The body of a request on its way through: read while it arrives, held back while its model starts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from videoqa.serving.asked import AskedInForm, AskedModel

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
HELD = 64 * 2**20
_PASSING = 2**18


class AskerGone(Exception):
    """Whoever asked has hung up."""


class Body:
    """What ``receive`` brings. ``pump`` has to run beside whatever reads; it also notices that the asker hangs up.

    At most ``HELD`` bytes are held before ``chunks`` are asked for, a few hundred kilobytes from then on.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._chunks = deque[bytes]()
        self._held, self._room = 0, HELD
        self._whole = self._gone = False
        self._changed = asyncio.Condition()

    async def pump(self) -> None:
        """Returns when the asker is gone."""
        while True:
            message = await self._receive()
            async with self._changed:
                if message["type"] == "http.disconnect":
                    self._gone = True
                else:
                    self._chunks.append(message.get("body", b""))
                    self._held += len(self._chunks[-1])
                    self._whole = not message.get("more_body", False)
                self._changed.notify_all()
                if self._gone:
                    return
                await self._changed.wait_for(lambda: self._whole or self._held < self._room)

    async def model(self, asked: AskedModel | AskedInForm) -> str | None:
        """The model that is asked for, without taking anything of the body; None where none is named in time."""
        seen = 0
        while True:
            async with self._changed:
                before = seen
                await self._changed.wait_for(lambda: len(self._chunks) > before or self._whole or self._gone)  # noqa: B023  awaited in its own turn
                fresh = list(self._chunks)[seen:]
                full = self._whole or self._held >= self._room
            seen += len(fresh)
            if any(asked.feed(chunk) for chunk in fresh) or (full and len(self._chunks) == seen):
                return asked.name
            if self._gone:
                raise AskerGone

    async def chunks(self) -> AsyncIterator[bytes]:
        """The whole body, once."""
        self._room = _PASSING
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._chunks or self._whole or self._gone)
                if not self._chunks:
                    if not self._whole:
                        raise AskerGone
                    return
                chunk = self._chunks.popleft()
                self._held -= len(chunk)
                self._changed.notify_all()
            if chunk:
                yield chunk
