"""What every camera is watched with."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from videoqa.alerting.closing import Closing
from videoqa.media import CoveredSpan, Picture, Recording
from videoqa.ports import AlertLog, Archive, Cameras, LiveSource, Sentries


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Room:
    """What every camera is watched with.

    ``path_of`` gives the file of a camera's recording that begins then; ``show`` takes the picture a camera shows now,
    and when that was taken; ``ended`` takes recordings that are over, with what of them was looked at where that is
    known, to be closed aside. ``now`` is the wall clock, and ``steady`` one that nobody puts back, in seconds.
    """

    source: LiveSource
    archive: Archive
    cameras: Cameras
    log: AlertLog
    sentries: Sentries
    closing: Closing
    path_of: Callable[[str, datetime], str]
    show: Callable[[str, Picture, datetime], None]
    ended: Callable[[Recording, Sequence[CoveredSpan] | None], None]
    now: Callable[[], datetime] = _utc_now
    steady: Callable[[], float] = time.monotonic
    chance: random.Random = field(default_factory=random.Random)
