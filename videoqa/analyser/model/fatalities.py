"""Which requests a server died of, so that one that kills it is not made for ever."""

from __future__ import annotations

import threading
from collections import OrderedDict

_KEPT = 1024
MOST = 3
"""Outages that may begin under one and the same request: it may have been another one's fault, but not every time."""


class Fatalities:
    """Counts outages by the request that was under way when they began. Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._died: OrderedDict[str, int] = OrderedDict()

    def died_of(self, request: str) -> bool:
        """Counts one more outage; True where it was the last that is borne. Then counting begins anew."""
        with self._lock:
            died = self._died.pop(request, 0) + 1
            if died < MOST:
                self._died[request] = died
                if len(self._died) > _KEPT:
                    self._died.popitem(last=False)
            return died >= MOST

    def survived(self, request: str) -> None:
        """The request was answered: whatever the server died of, it was not this."""
        with self._lock:
            self._died.pop(request, None)

    @property
    def any(self) -> bool:
        return bool(self._died)
