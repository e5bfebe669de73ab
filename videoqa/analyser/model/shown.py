"""Which media the server has been shown, so that a second question over the same frames need not send them again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from videoqa.analyser.model.wire import Refusal

_KEPT = 1024
_MISSES = 3
_MISSED = "Cache miss"
_Sent = TypeVar("_Sent")


class Shown:
    """Ids of media that the server was sent. It may have evicted any of them, or keep none at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._misses = 0

    def send(self, media_id: str, send: Callable[[bool], _Sent]) -> _Sent:
        """What ``send`` gives, which is told whether to send the media itself or its id alone."""
        if self._is_likely_kept(media_id):
            try:
                sent = send(False)
            except Refusal as refusal:
                if _MISSED not in refusal.message:
                    raise
                self._missed(media_id)
            else:
                self._kept(media_id)
                return sent
        sent = send(True)
        self._show(media_id)
        return sent

    def forget(self) -> None:
        """Another server process may stand there now."""
        with self._lock:
            self._ids.clear()
            self._misses = 0

    def _is_likely_kept(self, media_id: str) -> bool:
        with self._lock:
            # A server without a cache misses every time: it is not asked again and again.
            return media_id in self._ids and self._misses < _MISSES

    def _show(self, media_id: str) -> None:
        with self._lock:
            if media_id:
                self._ids[media_id] = None
            if len(self._ids) > _KEPT:
                self._ids.popitem(last=False)

    def _kept(self, media_id: str) -> None:
        with self._lock:
            self._misses = 0
            if media_id in self._ids:
                self._ids.move_to_end(media_id)

    def _missed(self, media_id: str) -> None:
        with self._lock:
            self._ids.pop(media_id, None)
            self._misses += 1
