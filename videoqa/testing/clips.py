"""Clips without footage: pictures that tell their time, cut at a keyframe every two seconds."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from videoqa.errors import ClipTooLong, EmptyFootage, NoSuchFile
from videoqa.media import ZERO, Recording, Span
from videoqa.ports import Cut

KEYFRAMES = timedelta(seconds=2)
LONGEST = timedelta(minutes=10)


class DrawnClips:
    """Implements ``Clips``. A clip is its recording's file itself, said to begin at the keyframe before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "drawn"

    def original(self, recording: Recording) -> BinaryIO:
        try:
            return Path(recording.source).open("rb")
        except OSError as error:
            raise NoSuchFile(problem=error.strerror or str(error)) from error

    def thumbnail(self, recording: Recording, at: timedelta, long_side: int = 480) -> bytes:
        self._check(recording, at)
        grey = at // timedelta(milliseconds=100) % 256
        drawn = io.BytesIO()
        Image.new("RGB", (long_side, long_side * 9 // 16), (grey, grey, grey)).save(drawn, "JPEG")
        return drawn.getvalue()

    def clip(self, recording: Recording, span: Span, *, anew: bool = False) -> Cut:
        if span.length > LONGEST:
            raise ClipTooLong(length=span.length, limit=LONGEST)
        self._check(recording, span.start)
        start = span.start if anew else span.start // KEYFRAMES * KEYFRAMES
        path = self._folder / f"{recording.id}-{start // timedelta(microseconds=1)}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.original(recording) as file:
            path.write_bytes(file.read())
        end = min(span.end, recording.length) if recording.length else span.end
        return Cut(path, Span(start, end), copied=not anew)

    def _check(self, recording: Recording, at: timedelta) -> None:
        if recording.length > ZERO and at >= recording.length:
            raise EmptyFootage(problem="it ends before that")
