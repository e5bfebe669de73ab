"""Looks again at short stretches of files, and keeps what was seen for the next question about them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ingest import known
from ingest.kept import make_room, written
from ingest.known import KnownFiles, content_of, grows
from ingest.plain import MICROSECOND
from ingest.sandbox import SandboxedReader
from ingest.spool import JPEG_QUALITY, encode
from videoqa.errors import EmptyFootage, SourceChanged
from videoqa.media import Recording, Sampling, Span
from videoqa.ports import Closeup, FileIdentity, Sampled
from videoqa.times import clock_span

VERSION = 1
"""Raised whenever the same span is shown otherwise."""
_DIGEST_BYTES = 32
_LOCKS = 64
_SUFFIX = ".closeup"
FOLDER, FILES = "closeups", "files"
"""The folder of the data directory in which closeups are kept, and the one in it of what is known of files."""
_log = logging.getLogger(__name__)


class FootageCloseups:
    """Implements the port ``Closeups``. Safe to use from several threads and processes at once.

    Args:
        reader: opens footage.
        folder: where closeups are kept; whatever is lost of it is made anew.
        most_bytes: how much is kept, the latest used.
        beside: another such folder that has what is known of files.
    """

    def __init__(self, reader: SandboxedReader, folder: Path, most_bytes: int, beside: Path | None = None) -> None:
        self._reader = reader
        self._folder = folder
        self._most = most_bytes
        self._files = KnownFiles((beside or folder) / FILES)
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def take(self, recording: Recording, span: Span, sampling: Sampling) -> Closeup:
        identity, leaps = self._files.known(recording), self.leaps(recording)
        key = self._key(recording, identity, span, sampling)
        path = self._folder / f"{recording.digest[:16]}-{key}{_SUFFIX}"
        # Two questions at once over one moment need not decode it twice.
        with self._locks[int(key, 16) % _LOCKS]:
            content = _kept(path)
            if content is None:
                content = self._taken(recording, span, sampling, leaps=leaps)
                if not self._files.still(recording, identity):
                    raise SourceChanged
                self._keep(path, content)
        return _closeup(content)

    def leaps(self, recording: Recording) -> bool:
        """Whether the time stamps of the recording's file leap, so that no time in it can be sought."""
        leaps = self._files.leaps(recording)
        if leaps is None:
            leaps = self._reader.probe(recording.source).leaps
            self._files.note_leaps(recording.source, leaps=leaps)
        return leaps

    def _taken(self, recording: Recording, span: Span, sampling: Sampling, *, leaps: bool) -> bytes:
        times: list[timedelta] = []
        jpegs: list[bytes] = []
        size = (0, 0)
        with self._reader.closer(recording.source, sampling, span, leaps=leaps, grows=grows(recording)) as items:
            for item in items:
                if isinstance(item, Sampled) and item.frame is not None:
                    size = item.frame.picture.width, item.frame.picture.height
                    times.append(item.pts)
                    jpegs.append(encode(item.frame.picture))
        if not times:
            raise EmptyFootage(problem=f"no picture of it stands at {clock_span(span)}")
        head = {"times": [pts // MICROSECOND for pts in times], "size": size, "lengths": [len(jpeg) for jpeg in jpegs]}
        return b"".join([json.dumps(head).encode(), b"\n", *jpegs])

    def _key(self, recording: Recording, identity: FileIdentity, span: Span, sampling: Sampling) -> str:
        told = (
            f"{VERSION} {JPEG_QUALITY} {self._reader.fingerprint} {content_of(recording, identity)}"
            f" {span.start // MICROSECOND} {span.end // MICROSECOND} {sampling.period // MICROSECOND}"
            f" {sampling.long_side} {sampling.multiple} {sampling.keyframes_only}"
        )
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def _keep(self, path: Path, content: bytes) -> None:
        if _DIGEST_BYTES + len(content) > self._most:
            return
        try:
            with written(path, _DIGEST_BYTES + len(content)) as file:
                if file is None:
                    return
                file.write(hashlib.sha256(content).digest() + content)
        except OSError as error:
            _log.warning("a closeup cannot be kept in %s: %s", path.parent, error)
            return
        make_room(self._folder, f"*{_SUFFIX}", self._most, path)


def forget(folder: Path, digest: str) -> None:
    """Removes the closeups in ``folder`` of the recording with the content ``digest``."""
    for path in folder.glob(f"{digest[:16]}-*{_SUFFIX}"):
        path.unlink(missing_ok=True)
    known.forget(folder / FILES, digest)


def _kept(path: Path) -> bytes | None:
    """What was kept in ``path``, and it is marked as used; None where there is nothing, or it is damaged."""
    try:
        content = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    digest, content = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == digest else None


def _closeup(content: bytes) -> Closeup:
    head, _, jpegs = content.partition(b"\n")
    told = json.loads(head)
    times = tuple(number * MICROSECOND for number in told["times"])
    pictures: dict[timedelta, bytes] = {}
    place = 0
    for pts, length in zip(times, told["lengths"], strict=True):
        pictures[pts] = jpegs[place : place + length]
        place += length
    width, height = told["size"]
    return Closeup(times, (width, height), _Pictures(pictures))


@dataclass(frozen=True, slots=True)
class _Pictures:
    jpegs: dict[timedelta, bytes]

    def jpeg(self, pts: timedelta) -> bytes:
        return self.jpegs[pts]
