"""Looks again at short stretches of files, and keeps what was seen for the next question about them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ingest.identity import LocalFiles
from ingest.sandbox import SandboxedReader
from ingest.spool import JPEG_QUALITY, RESERVE, encode
from ingest.wire import MICROSECOND
from videoqa.errors import EmptyFootage, SourceChanged
from videoqa.media import Recording, Sampling, Span
from videoqa.ports import Closeup, FileIdentity, Sampled
from videoqa.times import clock_span

VERSION = 1
"""Raised whenever the same span is shown otherwise."""
_DIGEST_BYTES = 32
_LOCKS = 64
_SUFFIX, _FILES, _HALF_WRITTEN = ".closeup", "files", ".*"
_MOST_FILES = 10_000
_LEFT_OVER_NS = 3600 * 10**9
_log = logging.getLogger(__name__)


class FootageCloseups:
    """Implements the port ``Closeups``. Safe to use from several threads and processes at once.

    Args:
        reader: opens footage.
        folder: where closeups are kept; whatever is lost of it is made anew.
        most_bytes: how much is kept, the latest used.
    """

    def __init__(self, reader: SandboxedReader, folder: Path, most_bytes: int) -> None:
        self._reader = reader
        self._folder = folder
        self._most = most_bytes
        self._files = LocalFiles()
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def take(self, recording: Recording, span: Span, sampling: Sampling) -> Closeup:
        known = self._known(recording)
        key = self._key(recording, span, sampling)
        path = self._folder / f"{recording.digest[:16]}-{key}{_SUFFIX}"
        # Two questions at once over one moment need not decode it twice.
        with self._locks[int(key, 16) % _LOCKS]:
            content = _kept(path)
            if content is None:
                content = self._taken(recording, span, sampling, leaps=known.leaps)
                if not self._files.unchanged(recording.source, known.identity):
                    raise SourceChanged
                self._keep(path, content)
        return _closeup(content)

    def _taken(self, recording: Recording, span: Span, sampling: Sampling, *, leaps: bool) -> bytes:
        times: list[timedelta] = []
        jpegs: list[bytes] = []
        size = (0, 0)
        with self._reader.closer(recording.source, sampling, span, leaps=leaps) as items:
            for item in items:
                if isinstance(item, Sampled) and item.frame is not None:
                    size = item.frame.picture.width, item.frame.picture.height
                    times.append(item.pts)
                    jpegs.append(encode(item.frame.picture))
        if not times:
            raise EmptyFootage(problem=f"no picture of it stands at {clock_span(span)}")
        head = {"times": [pts // MICROSECOND for pts in times], "size": size, "lengths": [len(jpeg) for jpeg in jpegs]}
        return b"".join([json.dumps(head).encode(), b"\n", *jpegs])

    def _key(self, recording: Recording, span: Span, sampling: Sampling) -> str:
        told = (
            f"{VERSION} {JPEG_QUALITY} {self._reader.fingerprint} {recording.digest}"
            f" {span.start // MICROSECOND} {span.end // MICROSECOND} {sampling.period // MICROSECOND}"
            f" {sampling.long_side} {sampling.multiple} {sampling.keyframes_only}"
        )
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def _known(self, recording: Recording) -> _Known:
        """What is known of the recording's file, found out once for each time that it changes.

        Raises:
            NoSuchFile: it is not there.
            SourceChanged: it is no longer what it was when it was indexed.
        """
        name = hashlib.sha256(os.fsencode(recording.source)).hexdigest()[:32]
        path = self._folder / _FILES / name
        known = _Known.read(path)
        if known is None or not self._files.unchanged(recording.source, known.identity):
            identity = self._files.identify(recording.source)
            leaps = identity.digest == recording.digest and self._reader.probe(recording.source).leaps
            known = _Known(identity, leaps)
            self._write(path, json.dumps(known.told()).encode())
            _drop_left_over(path.parent)
            for _, old, _ in sorted(_files(path.parent, "[!.]*"))[:-_MOST_FILES]:
                old.unlink(missing_ok=True)
        if known.identity.digest != recording.digest:
            raise SourceChanged
        return known

    def _keep(self, path: Path, content: bytes) -> None:
        if _DIGEST_BYTES + len(content) > self._most:
            return
        self._write(path, hashlib.sha256(content).digest() + content)
        self._make_room(path)

    def _write(self, path: Path, content: bytes) -> None:
        """Writes the whole file or none of it; where the disk will not have it, it is made again the next time."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(path.parent).free < RESERVE + len(content):
                return
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
                try:
                    file.write(content)
                    file.close()
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            _log.warning("a closeup cannot be kept in %s: %s", path.parent, error)

    def _make_room(self, latest: Path) -> None:
        """Removes what was not used for longest, but never ``latest``."""
        _drop_left_over(self._folder)
        kept = [(path == latest, when, path, size) for when, path, size in _files(self._folder, f"*{_SUFFIX}")]
        total = sum(size for *_, size in kept) + sum(size for *_, size in _files(self._folder, _HALF_WRITTEN))
        for is_latest, _, path, size in sorted(kept):
            if total <= self._most or is_latest:
                return
            path.unlink(missing_ok=True)
            total -= size


def forget(folder: Path, digest: str) -> None:
    """Removes the closeups in ``folder`` of the recording with the content ``digest``."""
    for path in folder.glob(f"{digest[:16]}-*{_SUFFIX}"):
        path.unlink(missing_ok=True)
    for path in (folder / _FILES).glob("[!.]*"):
        if (known := _Known.read(path)) is not None and known.identity.digest == digest:
            path.unlink(missing_ok=True)


def _files(folder: Path, pattern: str) -> list[tuple[int, Path, int]]:
    """When the files in ``folder`` were last used, in nanoseconds, which they are, and their bytes."""
    found = []
    for path in folder.glob(pattern):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        found.append((state.st_mtime_ns, path, state.st_size))
    return found


def _drop_left_over(folder: Path) -> None:
    """Removes what a process that was killed had half written."""
    for when, path, _ in _files(folder, _HALF_WRITTEN):
        if time.time_ns() - when > _LEFT_OVER_NS:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Known:
    """A file as it was when it was last read whole, and whether its time stamps leap."""

    identity: FileIdentity
    leaps: bool

    @classmethod
    def read(cls, path: Path) -> _Known | None:
        """None where nothing, or nothing sensible, is written in ``path``."""
        try:
            digest, size, modified_ns, leaps = json.loads(path.read_bytes())
        except (OSError, ValueError, TypeError):
            return None
        return cls(FileIdentity(str(digest), size, modified_ns), bool(leaps))

    def told(self) -> list[object]:
        return [self.identity.digest, self.identity.size, self.identity.modified_ns, self.leaps]


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
