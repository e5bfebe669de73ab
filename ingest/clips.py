"""Footage to be shown: its own file, thumbnails, and clips that are cut once and kept for whoever asks again."""

from __future__ import annotations

import hashlib
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from ingest import closeups
from ingest.closeups import FootageCloseups
from ingest.kept import make_room, use, written
from ingest.known import KnownFiles, content_of, grows
from ingest.plain import MICROSECOND
from ingest.request import Cutting
from ingest.sandbox import SandboxedReader
from videoqa.errors import ClipTooLong, DiskFull, EmptyFootage, SourceChanged
from videoqa.media import ZERO, Recording, Sampling, Span
from videoqa.ports import Cut
from videoqa.times import clock_span

VERSION = 1
"""Raised whenever the same span is cut otherwise."""
LEAD = timedelta(minutes=1)
"""How long before what was asked for a clip may begin."""
_CLIPS, _THUMBNAILS = "clips", "thumbnails"
_THUMBNAIL_BYTES = 128 * 2**20
_LOCKS = 64
_SUFFIX = ".mp4"
_ONE_PICTURE = timedelta(milliseconds=1)


class SandboxedClips:
    """Implements the port ``Clips``. Safe to use from several threads and processes at once.

    Args:
        reader: opens footage.
        folder: where what was made is kept; whatever is lost of it is made anew.
        longest: what is cut at once.
        most_bytes: how much is kept of clips, the latest used; also the largest clip.
    """

    def __init__(
        self,
        reader: SandboxedReader,
        folder: Path,
        longest: timedelta = timedelta(minutes=10),
        most_bytes: int = 2 * 2**30,
    ) -> None:
        self._reader = reader
        self._folder = folder / _CLIPS
        self._longest = longest
        self._most = most_bytes
        self._closeups = FootageCloseups(reader, folder / _THUMBNAILS, _THUMBNAIL_BYTES, folder / closeups.FOLDER)
        self._files = KnownFiles(folder / closeups.FOLDER / closeups.FILES)
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        # Each may keep a processor busy for as long as its clip lasts.
        self._turns = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))

    def original(self, recording: Recording) -> BinaryIO:
        return self._files.opened(recording)

    def thumbnail(self, recording: Recording, at: timedelta, long_side: int = 480) -> bytes:
        sampling = Sampling(period=_ONE_PICTURE, long_side=long_side)
        closeup = self._closeups.take(recording, Span(at, at + _ONE_PICTURE), sampling)
        return closeup.pictures.jpeg(closeup.times[0])

    def clip(self, recording: Recording, span: Span, *, anew: bool = False) -> Cut:
        if span.length > self._longest:
            raise ClipTooLong(length=span.length, limit=self._longest)
        if recording.length > ZERO:
            within = span.intersection(Span(ZERO, recording.length))
            if within is None:
                raise EmptyFootage(problem=f"it ends before {clock_span(span)}")
            span = within
        identity, leaps = self._files.known(recording), self._closeups.leaps(recording)
        key = _key(content_of(recording, identity), span, anew=anew)
        # Two who ask at once for one clip need not both have it cut.
        with self._locks[int(key, 16) % _LOCKS]:
            found = self._found(recording, key)
            if found is None:
                found = self._made(recording, Cutting(span, LEAD, leaps, anew), key)
                if not self._files.still(recording, identity):
                    found.path.unlink(missing_ok=True)
                    raise SourceChanged
            return found

    def _found(self, recording: Recording, key: str) -> Cut | None:
        for path in self._folder.glob(f"{recording.digest[:16]}-{key}-*{_SUFFIX}"):
            if use(path):
                start, end, copied = (int(number) for number in path.stem.split("-")[2:])
                return Cut(path, Span(start * MICROSECOND, end * MICROSECOND), bool(copied))
        return None

    def _made(self, recording: Recording, cutting: Cutting, key: str) -> Cut:
        name = f"{recording.digest[:16]}-{key}"
        half = self._folder / f".{name}{_SUFFIX}"
        try:
            with self._turns, written(half) as file:
                if file is None:
                    raise DiskFull(path=self._folder)
                made = self._reader.cut(recording.source, cutting, file, self._most, grows=grows(recording))
            numbers = (made.span.start // MICROSECOND, made.span.end // MICROSECOND, int(made.copied))
            path = self._folder / f"{name}-{'-'.join(map(str, numbers))}{_SUFFIX}"
            half.replace(path)
        except OSError as error:
            raise DiskFull(path=self._folder) from error
        finally:
            half.unlink(missing_ok=True)
        make_room(self._folder, f"*{_SUFFIX}", self._most, path)
        return Cut(path, made.span, made.copied)


def forget(folder: Path, digest: str) -> None:
    """Removes the clips and thumbnails in ``folder`` of the recording with the content ``digest``."""
    for path in (folder / _CLIPS).glob(f"{digest[:16]}-*{_SUFFIX}"):
        path.unlink(missing_ok=True)
    closeups.forget(folder / _THUMBNAILS, digest)


def _key(content: str, span: Span, *, anew: bool) -> str:
    where = f"{span.start // MICROSECOND} {span.end // MICROSECOND} {LEAD // MICROSECOND}"
    told = f"{VERSION} {content} {where} {anew}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]
