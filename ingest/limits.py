"""How much one file may cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child process that opens a file may spend on it.

    Attributes:
        max_pixels: of the largest picture that is decoded.
        max_streams: of the most crowded file that is opened.
        max_frames: sampled instants and cues that one survey or probe may give.
        memory: bytes of address space.
        stall: the longest time without a sign of progress.
        work: processor time that any file is granted.
        work_per_mebibyte: processor time granted on top for each mebibyte of the file.
    """

    max_pixels: int = 40_000_000
    max_streams: int = 64
    max_frames: int = 10_000_000
    memory: int = 1536 * MEBIBYTE
    stall: timedelta = timedelta(seconds=60)
    work: timedelta = timedelta(minutes=5)
    work_per_mebibyte: timedelta = timedelta(seconds=20)

    def work_for(self, size: int) -> timedelta:
        """The processor time granted to a file of ``size`` bytes."""
        return self.work + self.work_per_mebibyte * (size / MEBIBYTE)
