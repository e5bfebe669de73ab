"""An open camera and what comes from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from videoqa.cameras import Camera, CameraState, ClockSource
from videoqa.media import Frame


@dataclass(frozen=True, slots=True)
class Tuned:
    """A session with a camera has begun: what it sends. ``started_at`` is the wall clock at pts 0.

    ``kept`` is False where nothing is recorded of it, as the disk is full: there are frames all the same.
    """

    width: int
    height: int
    codec: str
    started_at: datetime
    clock: ClockSource
    kept: bool = True


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """One look: the picture, its pts in the recording under way, and the wall clock when it was taken.

    ``dropped`` counts the frames of this session so far that nobody took in time.
    """

    frame: Frame
    taken_at: datetime
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class RolledOver:
    """The recording under way has ended at ``length`` and its file is whole; the next one begins where it ended.

    ``path`` is empty where that was not kept; ``kept`` is of the next one, as in ``Tuned``.
    """

    path: str
    length: timedelta
    started_at: datetime
    clock: ClockSource
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Lost:
    """The session is over. ``state`` says how the camera is now and ``problem`` why, without a secret.

    ``length`` is that of the recording under way, None where there is none.
    """

    state: CameraState
    problem: str
    at: datetime
    length: timedelta | None = None


LiveItem = Tuned | LiveFrame | RolledOver | Lost


class LiveSource(Protocol):
    """Opens a camera and keeps what it sends."""

    def session(
        self, camera: Camera, path_of: Callable[[datetime], str], stop: Callable[[], bool]
    ) -> AbstractContextManager[Iterator[LiveItem]]:
        """One unbroken session: ``Tuned`` first, ``Lost`` last; where none comes about, ``Lost`` alone.

        ``path_of`` gives the file of a recording that begins then. Where it raises ``DiskFull``, or the disk is full
        later on, nothing is recorded until there is room again, which is seen to now and then. Frames are dropped,
        oldest first, where nobody takes them in time; packets never are. Leaving it ends the session; what is recorded
        is playable at any time.
        """
        ...
