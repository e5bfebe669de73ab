"""The frames of one camera that wait to be looked at: few, the oldest given up first."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np

from videoqa.analyser.sentry.view import Pixels
from videoqa.media import ZERO, Span
from videoqa.ports import LookedAway

QUALITY = 90
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame as it is kept for looking: ``time`` is on a clock of its own, which rises over all recordings.

    ``recording`` counts these; ``pts`` is in that one.
    """

    time: timedelta
    pts: timedelta
    recording: int
    taken_at: datetime
    jpeg: bytes


class Album:
    """The latest frames of one camera as JPEG. Implements ``Pictures`` by their ``time``."""

    def __init__(self, most: int) -> None:
        self._shots: deque[Shot] = deque(maxlen=most)
        self._first: datetime | None = None
        self._recording = 0

    def begin(self) -> None:
        self._recording += 1

    @property
    def recording(self) -> int:
        return self._recording

    def add(self, pixels: Pixels, pts: timedelta, taken_at: datetime) -> Shot:
        self._first = self._first or taken_at
        time = taken_at - self._first
        if self._shots:
            # A clock that was set back is no reason for time to go back.
            time = max(time, self._shots[-1].time + _TICK)
        shot = Shot(max(ZERO, time), pts, self._recording, taken_at, jpeg_of(pixels))
        self._shots.append(shot)
        return shot

    def before(self, shot: Shot, within: timedelta) -> tuple[Shot, ...]:
        """The one before ``shot``; none where that was longer ago than ``within``."""
        return tuple(other for other in tuple(self._shots) if ZERO < shot.time - other.time <= within)[-1:]

    def latest(self, since: timedelta = ZERO) -> tuple[Shot, ...]:
        return tuple(shot for shot in tuple(self._shots) if shot.time >= since)


@dataclass(frozen=True, slots=True)
class Shown:
    """Shots that are shown together. Implements ``Pictures``."""

    shots: tuple[Shot, ...]

    def jpeg(self, pts: timedelta) -> bytes:
        return next(shot.jpeg for shot in self.shots if shot.time == pts)


class Queue:
    """Shots that wait for a look. ``most`` fit into one. Safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._shots: deque[Shot] = deque()
        self._given_up: list[tuple[Shot, tuple[str, ...], str]] = []

    def add(self, shot: Shot) -> None:
        with self._lock:
            self._shots.append(shot)
            self._fit()

    def take(self) -> tuple[Shot, ...]:
        """All that wait."""
        with self._lock:
            taken = tuple(self._shots)
            self._shots.clear()
            return taken

    def put_back(self, shots: Sequence[Shot]) -> None:
        """They were not looked at: they wait again, before the others."""
        with self._lock:
            self._shots.extendleft(reversed(shots))
            self._fit()

    def fail(self, shots: Sequence[Shot], rules: Collection[str], cause: str) -> None:
        """They were looked at for ``rules`` in vain."""
        with self._lock:
            self._given_up += [(shot, tuple(sorted(rules)), cause) for shot in shots]

    def __len__(self) -> int:
        with self._lock:
            return len(self._shots)

    def away(self, recording: int, period: timedelta, rules: tuple[str, ...], cause: str) -> tuple[LookedAway, ...]:
        """The stretches that were given up since the last call, as far as they lie in ``recording``.

        ``rules`` and ``cause`` are for those that nobody had the time for.
        """
        with self._lock:
            given_up, self._given_up = self._given_up, []
        return tuple(
            LookedAway(Span(shot.pts, shot.pts + period), in_vain or rules, why or cause)
            for shot, in_vain, why in given_up
            if shot.recording == recording
        )

    def _fit(self) -> None:
        while len(self._shots) > self._most:
            self._given_up.append((self._shots.popleft(), (), ""))


def jpeg_of(pixels: Pixels) -> bytes:
    """``pixels``, RGB, as JPEG."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return np.asarray(cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1]).tobytes()
