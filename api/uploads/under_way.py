"""Which uploads are being written to by this process, so that whoever lost a request can take it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from videoqa.errors import ArrivalBusy


class UnderWay:
    """At most one request writes to an upload; another one may hang up on it.

    A client that asks where its upload stands has lost the request that was to bring it there. The server learns that
    from the network minutes later, and would tell the client all that time that somebody else is writing.
    """

    def __init__(self) -> None:
        self._writers: dict[str, tuple[anyio.CancelScope, anyio.Event]] = {}

    @asynccontextmanager
    async def writer(self, upload_id: str) -> AsyncIterator[None]:
        """
        Raises:
            ArrivalBusy: somebody else writes to it, or has hung up on this writer.
        """
        if upload_id in self._writers:
            raise ArrivalBusy
        ended = anyio.Event()
        with anyio.CancelScope() as scope:
            self._writers[upload_id] = scope, ended
            try:
                yield
            finally:
                del self._writers[upload_id]
                ended.set()
        if scope.cancelled_caught:
            raise ArrivalBusy

    def writes(self, upload_id: str) -> bool:
        return upload_id in self._writers

    async def hang_up(self, upload_id: str) -> None:
        """Ends the request that writes to the upload, if there is one, and waits until it has let go."""
        if upload_id in self._writers:
            scope, ended = self._writers[upload_id]
            scope.cancel()
            await ended.wait()
