"""What is done for cameras aside, on a thread of its own, so that no camera waits: recordings closed, old ones gone."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from videoqa.alerting.closing import Closing
from videoqa.alerting.retention import Retention
from videoqa.cameras import Camera
from videoqa.errors import VideoqaError
from videoqa.media import CoveredSpan, Recording

RETENTION_SECONDS = 60.0
AGAIN_SECONDS = 5.0
MOST_TRIES = 8
"""A file that could not be read so often, over ten minutes, never can be: no machine is short of memory that long."""
_LONGEST_SECONDS = 3600.0
_IDLE_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Work:
    """Something to do until it has gone through; it is told whether this is the last of ``MOST_TRIES``. ``name`` tells
    it from all else, ``wait`` is the seconds before it is tried again, ``due`` when that is by the steady clock.
    """

    name: str
    do: Callable[[bool], object]
    wait: float
    due: float = 0.0
    tries: int = 0


class Aside:
    """Its thread ends with the process: whatever is cut off by that is taken up by the next one.

    What fails is tried again after ``again`` seconds, and then less and less often.
    """

    def __init__(self, closing: Closing, retention: Retention, again: float = AGAIN_SECONDS) -> None:
        self._closing = closing
        self._retention = retention
        self._again = again
        self._to_do = queue.Queue[_Work]()
        self._later: dict[str, _Work] = {}
        self._every: Collection[Camera] = ()
        self._thread: threading.Thread | None = None

    def close(self, recording: Recording, looked: Sequence[CoveredSpan]) -> None:
        """Has the recording closed soon."""
        self._to_do.put(
            _Work(recording.id, lambda last: self._closing.close(recording, looked, last=last), self._again)
        )

    def look(self, every: Collection[Camera]) -> None:
        """Takes notice of the cameras that there are."""
        self._every = every
        if self._thread is None:
            self._to_do.put(_Work("", lambda _: self._take_up(), self._again))
        # One that has died of what nobody foresaw is begun again.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="aside", daemon=True)
            self._thread.start()

    def finish(self, within: float) -> None:
        """Waits until all that was handed over was tried, for so many seconds at most."""
        deadline = time.monotonic() + within
        while self._to_do.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

    def _run(self) -> None:
        kept_at = -RETENTION_SECONDS
        while True:
            due = min((each.due for each in self._later.values()), default=math.inf)
            try:
                work = self._to_do.get(timeout=min(max(0.0, due - time.monotonic()), _IDLE_SECONDS))
            except queue.Empty:
                self._do_again()
            else:
                try:
                    self._do(work)
                finally:
                    self._to_do.task_done()
            if time.monotonic() - kept_at > RETENTION_SECONDS:
                kept_at = time.monotonic()
                self._tried(lambda: self._retention.keep(datetime.now(UTC)))

    def _do(self, work: _Work) -> None:
        """Does it now, or has it done later."""
        work.tries += 1
        if self._tried(lambda: work.do(work.tries >= MOST_TRIES)):
            return
        work.due = time.monotonic() + work.wait
        work.wait = min(2 * work.wait, _LONGEST_SECONDS)
        # What waits already knows more: who finds a recording after a kill cannot tell what was looked at.
        self._later.setdefault(work.name, work)

    def _do_again(self) -> None:
        """One of those that are due: what comes anew goes before the next one."""
        now = time.monotonic()
        work = min(self._later.values(), key=lambda each: each.due, default=None)
        if work is not None and work.due <= now:
            del self._later[work.name]
            self._do(work)

    def _take_up(self) -> None:
        """What a kill cut off. Recordings of cameras that are watched are found by those who watch them."""
        watched = {camera.id for camera in self._every if camera.enabled}
        left = [each for each in self._closing.left_behind() if each.camera not in watched]
        self._closing.resume()
        for recording in left:
            self.close(recording, ())

    def _tried(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except VideoqaError as error:
            _log.warning("what cameras recorded cannot be put in order now: %s", error)
            return False
        except Exception:  # noqa: BLE001  footage of all cameras waits for this thread
            _log.exception("what cameras recorded cannot be put in order now")
            return False
        return True
