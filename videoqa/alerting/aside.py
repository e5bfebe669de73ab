"""What is done for cameras aside, on a thread of its own, so that no camera waits: recordings closed, old ones gone."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from videoqa.alerting.closing import Closing
from videoqa.alerting.retention import Retention
from videoqa.cameras import Camera
from videoqa.errors import BadMedia, DecoderCrashed, VideoqaError
from videoqa.media import CoveredSpan, Recording

RETENTION_SECONDS = 60.0
AGAIN_SECONDS = 5.0
MOST_CRASHES = 8
"""A file on which the decoder crashed so often, over ten minutes, never can be read: no machine is short of memory that
long."""
MOST_OVERRUNS = 16
"""One that was not read in time so often, over hours, never will be: an outage leaves a lot to catch up with."""
_LONGEST_SECONDS = 3600.0
_IDLE_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Work:
    """Something to do until it has gone through, or is given up for what its file does to the decoder.

    ``name`` tells it from all else, ``wait`` is the seconds before it is tried again, ``due`` when that is by the
    steady clock. ``failures`` counts what the decoder failed with; that anything else failed says nothing of the file.
    """

    name: str
    do: Callable[[], object]
    wait: float
    give_up: Callable[[BadMedia], object] | None = None
    due: float = 0.0
    failures: Counter[type[BadMedia]] = field(default_factory=Counter)

    def is_hopeless(self, error: BadMedia) -> bool:
        """True where ``error`` came so often by now that it will not pass."""
        self.failures[type(error)] += 1
        most = MOST_CRASHES if isinstance(error, DecoderCrashed) else MOST_OVERRUNS
        return self.failures[type(error)] >= most


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

    def close(self, recording: Recording, looked: Sequence[CoveredSpan] | None) -> None:
        """Has the recording closed soon; ``looked`` is as in ``Closing.close``."""
        self._to_do.put(
            _Work(
                recording.id,
                lambda: self._closing.close(recording, looked),
                self._again,
                lambda error: self._closing.give_up(recording, looked, error),
            )
        )

    def look(self, every: Collection[Camera]) -> None:
        """Takes notice of the cameras that there are."""
        self._every = every
        if self._thread is None:
            self._to_do.put(_Work("", self._take_up, self._again))
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
        error = self._tried(work.do)
        if error is None:
            return
        if work.give_up is not None and isinstance(error, BadMedia) and work.is_hopeless(error):
            give_up = work.give_up
            if self._tried(lambda: give_up(error)) is None:
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
            self.close(recording, None)
        for recording in self._closing.failed():
            self._to_do.put(_Work(recording.id, partial(self._once_more, recording), self._again))

    def _once_more(self, recording: Recording) -> None:
        """What was too much for the machine before may not be now."""
        if self._closing.reopen(recording):
            self.close(recording, None)

    def _tried(self, work: Callable[[], object]) -> Exception | None:
        """Why it did not go through."""
        try:
            work()
        except VideoqaError as error:
            _log.warning("what cameras recorded cannot be put in order now: %s", error)
            return error
        except Exception as error:  # noqa: BLE001  footage of all cameras waits for this thread
            _log.exception("what cameras recorded cannot be put in order now")
            return error
        return None
