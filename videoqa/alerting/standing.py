"""How a camera is, told as it changes, and where its footage has holes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from videoqa.cameras import Camera, CameraState, CameraStatus, Gap
from videoqa.ports import AlertLog, Cameras

TOUCH = timedelta(seconds=2)
"""How often is written down that a camera goes on as it was."""


class Standing:
    """What is known of one camera. Changes of its state are notices; times and counts are written down in passing.

    Of a camera that was removed nothing is written any more: it would put back what was forgotten with it.

    Args:
        now: the wall clock.
        steady: one that nobody puts back, in seconds.
    """

    def __init__(
        self,
        camera: Camera,
        cameras: Cameras,
        log: AlertLog,
        now: Callable[[], datetime],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cameras = cameras
        self._log = log
        self._now = now
        self._steady = steady
        before = cameras.status(camera.id)
        self.status = before or CameraStatus(camera.id, CameraState.OFF, now())
        self._touched = self.status
        self._touched_at = steady()
        self._gap = _open_gap(cameras, camera.id, now())
        self._until: datetime | None = None

    def become(self, state: CameraState, problem: str = "", **more: Any) -> None:
        """The camera is in ``state`` from now on. While it is in one, its problem may change its words."""
        goes_on = state is self.status.state
        since = self.status.since if goes_on else self._now()
        self.status = replace(self.status, state=state, problem=problem, since=since, **more)
        if goes_on:
            self._write_down()
        else:
            self._tell(self.status)
            self._touched, self._touched_at = self.status, self._steady()

    def note(self, **more: Any) -> None:
        """Writes times and counts down, not more often than ``TOUCH``."""
        self.status = replace(self.status, **more)
        if self._steady() - self._touched_at >= TOUCH.total_seconds():
            self._write_down()

    def footage_ends(self, at: datetime) -> None:
        """There is footage until then."""
        self._until = at

    def lacks_footage(self, cause: str) -> None:
        """What follows is a hole. It has one cause, that which it began with; before all footage there is none."""
        if self._gap is None and self._until is not None:
            self._gap = Gap(self.status.camera, self._until, None, cause)
            self._tell(self._gap)

    def footage_begins(self, at: datetime) -> None:
        """There is footage again from then on."""
        if self._gap is not None:
            self._tell(replace(self._gap, end=max(at, self._gap.start)))
            self._gap = None

    def _write_down(self) -> None:
        if self.status != self._touched and not self._is_gone():
            self._cameras.touch(self.status)
        self._touched, self._touched_at = self.status, self._steady()

    def _tell(self, change: CameraStatus | Gap) -> None:
        if not self._is_gone():
            self._log.write([change])

    def _is_gone(self) -> bool:
        return self._cameras.with_id(self.status.camera) is None


def _open_gap(cameras: Cameras, camera_id: str, now: datetime) -> Gap | None:
    reaching = cameras.gaps(camera_id, now, now + timedelta(days=1))
    return next((gap for gap in reversed(reaching) if gap.end is None), None)
