"""Footage to be shown: whole, in stretches, and as stills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from videoqa.media import Recording, Span


@dataclass(frozen=True, slots=True)
class Cut:
    """An MP4 of a stretch of a recording, at ``path``. Its second 0 is the start of ``span`` on the recording's clock.

    ``copied`` where its pictures are those of the recording, bit for bit; otherwise they were encoded anew, smaller.
    """

    path: Path
    span: Span
    copied: bool


class Clips(Protocol):
    """Footage to be shown. Raises ``BadMedia`` where it cannot be read, is gone, or is no longer what was indexed."""

    def original(self, recording: Recording) -> BinaryIO:
        """The recording's own file, open for reading."""
        ...

    def thumbnail(self, recording: Recording, at: timedelta, long_side: int = 480) -> bytes:
        """The frame on show at ``at`` as JPEG."""
        ...

    def clip(self, recording: Recording, span: Span, *, anew: bool = False) -> Cut:
        """An MP4 of ``span`` without re-encoding: it begins at the last keyframe at or before its start.

        Where the codec does not go into MP4, or that keyframe is more than a minute before, it is encoded anew, small,
        and begins at the start itself. ``anew`` asks for that: as H.264, which every player knows.

        Raises:
            ClipTooLong: it is longer than what is cut at once.
        """
        ...
