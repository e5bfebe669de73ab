"""Which uploads are being written to by this process, so that whoever lost a request can take it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from videoqa.errors import ArrivalBusy, VideoqaError


class UnderWay:
    """At most one request writes to an upload; another one may hang up on it.

    A client that asks where its upload stands has lost the request that was to bring it there. The server learns that
    from the network minutes later, and would tell the client all that time that somebody else is writing.
    """

    def __init__(self) -> None:
        self._writers: dict[str, tuple[anyio.CancelScope, anyio.Event]] = {}
        self._tellers: dict[str, tuple[Callable[[], int], Callable[[], None]]] = {}

    @asynccontextmanager
    async def writer(self, upload_id: str) -> AsyncIterator[None]:
        """
        Raises:
            ArrivalBusy: somebody else writes to it, or has hung up on this writer.
        """
        if upload_id in self._writers:
            raise ArrivalBusy
        ended, scope = anyio.Event(), anyio.CancelScope()
        try:
            with scope:
                self._writers[upload_id] = scope, ended
                try:
                    yield
                finally:
                    del self._writers[upload_id]
                    self._tellers.pop(upload_id, None)
                    ended.set()
        except VideoqaError as error:
            # What was stopped may say of itself that it failed before it hears that it was to end.
            if scope.cancel_called:
                raise ArrivalBusy from error
            raise
        if scope.cancelled_caught:
            raise ArrivalBusy

    def writes(self, upload_id: str) -> bool:
        return upload_id in self._writers

    def tell(self, upload_id: str, size: Callable[[], int], stop: Callable[[], None]) -> None:
        """Has ``size`` tell how much has come, and ``stop`` end what the writer waits for, until the writer ends."""
        self._tellers[upload_id] = size, stop

    def size(self, upload_id: str) -> int | None:
        """How much has come; None where the writer does not tell, or nobody writes."""
        return self._tellers[upload_id][0]() if upload_id in self._tellers else None

    async def hang_up(self, upload_id: str) -> None:
        """Ends the request that writes to the upload, if there is one, and waits until it has let go."""
        if upload_id in self._writers:
            scope, ended = self._writers[upload_id]
            scope.cancel()
            if upload_id in self._tellers:
                self._tellers[upload_id][1]()
            await ended.wait()
