"""What is done for cameras aside, on a thread of its own, so that no camera waits: recordings closed, old ones gone."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from videoqa.alerting.closing import Closing
from videoqa.alerting.retention import Retention
from videoqa.cameras import Camera
from videoqa.errors import VideoqaError
from videoqa.media import CoveredSpan, Recording

RETENTION_SECONDS = 60.0
_AGAIN_SECONDS = 5.0
_LOOK_SECONDS = 0.02
_log = logging.getLogger(__name__)


class Aside:
    """Its thread ends with the process: whatever is cut off by that is taken up by the next one."""

    def __init__(self, closing: Closing, retention: Retention) -> None:
        self._closing = closing
        self._retention = retention
        self._to_close = queue.Queue[tuple[Recording, Sequence[CoveredSpan]]]()
        self._every: Collection[Camera] = ()
        self._thread: threading.Thread | None = None

    def close(self, recording: Recording, looked: Sequence[CoveredSpan]) -> None:
        """Has the recording closed soon."""
        self._to_close.put((recording, looked))

    def look(self, every: Collection[Camera]) -> None:
        """Takes notice of the cameras that there are."""
        self._every = every
        # One that has died of what nobody foresaw is begun again.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="aside", daemon=True)
            self._thread.start()

    def finish(self, within: float) -> None:
        """Waits until all that was handed over is closed, for so many seconds at most."""
        deadline = time.monotonic() + within
        while self._to_close.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

    def _run(self) -> None:
        self._tried(self._take_up)
        kept_at = -RETENTION_SECONDS
        while True:
            try:
                recording, looked = self._to_close.get(timeout=1.0)
            except queue.Empty:
                pass
            else:
                if not self._tried(lambda: self._closing.close(recording, looked)):  # noqa: B023  called here
                    time.sleep(_AGAIN_SECONDS)
                    self._to_close.put((recording, looked))
                self._to_close.task_done()
            if time.monotonic() - kept_at > RETENTION_SECONDS:
                kept_at = time.monotonic()
                self._tried(lambda: self._retention.keep(self._every, datetime.now(UTC)))

    def _take_up(self) -> None:
        """What a kill cut off. Recordings of cameras that are watched are found by those who watch them."""
        watched = {camera.id for camera in self._every if camera.enabled}
        for recording in self._closing.left_behind():
            if recording.camera not in watched:
                self._closing.close(recording)
        self._closing.resume()

    def _tried(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except VideoqaError as error:
            _log.warning("what cameras recorded cannot be put in order now: %s", error)
            return False
        return True
