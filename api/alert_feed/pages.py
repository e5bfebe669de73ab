"""The alert log in pages, read once for all who want the same one: after a restart a thousand come back together."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

from api.alert_feed.telling import Told, told
from api.service import Service
from api.threads import in_thread
from videoqa.ports import RecordingFilter

AT_ONCE = 1000
_KEPT = 8
_FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Page:
    """What was told behind some ``seq``, in order. ``oldest`` is the first that is kept, where some before it went."""

    told: tuple[Told, ...]
    oldest: int | None = None


class Pages:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._kept: OrderedDict[int, tuple[float, Page]] = OrderedDict()
        self._reading: dict[int, asyncio.Task[Page]] = {}

    async def after(self, seq: int) -> Page:
        """The page behind ``seq``, at most some seconds old; empty where nothing is behind it.

        Raises:
            StorageError: the log cannot be read.
        """
        read, page = self._kept.get(seq, (float("-inf"), None))
        if page is not None and time.monotonic() - read < _FRESH_SECONDS:
            return page
        reading = self._reading.get(seq)
        if reading is None:
            reading = self._reading[seq] = asyncio.create_task(in_thread(lambda: self.read(seq)))
            reading.add_done_callback(lambda task: self._was_read(seq, task))
        # Others may wait for it when one of them goes.
        return await asyncio.shield(reading)

    async def now(self, seq: int) -> Page:
        """The page behind ``seq``, read after this was asked for, as ``after`` need not be.

        Raises:
            StorageError: the log cannot be read.
        """
        return await in_thread(lambda: self.read(seq))

    def read(self, seq: int) -> Page:
        """The page behind ``seq`` as it is now."""
        service = self._service
        notices = service.alerts.told(seq, AT_ONCE)
        if not notices:
            return Page(())
        tags = {camera.id: camera.tags for camera in service.setting_up.cameras.cameras()}
        recordings = frozenset(notice.footage.recording for notice in notices if notice.footage is not None)
        kept = service.archive.ids(RecordingFilter(ids=recordings)) if recordings else frozenset[str]()
        # Numbers rise by one: where one is missing, what bore it was forgotten.
        oldest = service.alerts.oldest_seq() if notices[0].seq > seq + 1 else None
        return Page(told(notices, tags, kept), oldest)

    def _was_read(self, seq: int, task: asyncio.Task[Page]) -> None:
        del self._reading[seq]
        if task.cancelled() or task.exception() is not None or not task.result().told:
            return
        self._kept[seq] = (time.monotonic(), task.result())
        self._kept.move_to_end(seq)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
