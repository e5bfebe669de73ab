"""Subtitle files that were brought for recordings, in a folder for each: ``<data>/subtitles/<recording>/<name>``."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.incoming import sync_folder, telling, write_through
from ingest.sidecars import FORMATS, LARGEST, MOST_FILES, Sidecar, language_of, parsed
from videoqa.errors import BadCues, BadSubtitles, DiskFull, SubtitlesTooLarge, UnknownSubtitles
from videoqa.ports import SubtitleFile

FOLDER = "subtitles"
RESERVE = 512 * 2**20
_LONGEST_NAME = 255
_ID = re.compile(r"[0-9a-zA-Z]{1,64}")
_HALF_WRITTEN = ".new"


class KeptSubtitles:
    """Implements ``Subtitles`` over a data directory; several processes may share it.

    Args:
        folder: the data directory.
        reserve: bytes of the disk that are left free.
    """

    def __init__(self, folder: Path, reserve: int = RESERVE) -> None:
        self._folder = folder / FOLDER
        self._reserve = reserve

    def check(self, name: str, content: bytes) -> None:
        if not _can_be_called(name):
            raise BadSubtitles(name=name, problem="it is not called like a file that ends in .srt or .vtt")
        if len(content) > LARGEST:
            raise SubtitlesTooLarge(name=name, limit=LARGEST)
        try:
            parsed(Sidecar(Path(name), language_of(name)), content)
        except BadCues as error:
            raise BadSubtitles(name=name, problem=error.fields["problem"]) from error

    def put(self, recording_id: str, name: str, content: bytes) -> bool:
        language, path = language_of(name), self._of(recording_id) / name
        if any(each.path == path for each in self.sidecars(recording_id)) and _content(path) == content:
            return False
        self.check(name, content)
        with telling(path), self._alone():
            kept = self.sidecars(recording_id)
            others = [each.path for each in kept if each.language == language and each.path != path]
            if len(kept) - len(others) >= MOST_FILES and path not in {each.path for each in kept}:
                raise BadSubtitles(name=name, problem=f"the recording has {MOST_FILES} of them already")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if shutil.disk_usage(path.parent).free - len(content) < self._reserve:
                raise DiskFull(path=path.parent)
            fresh = path.parent / _HALF_WRITTEN
            write_through(fresh, content)
            fresh.replace(path)
            for other in others:
                other.unlink(missing_ok=True)
            sync_folder(path.parent)
            sync_folder(self._folder)
        return True

    def files(self, recording_id: str) -> tuple[SubtitleFile, ...]:
        kept = ((each, _content(each.path)) for each in self.sidecars(recording_id))
        return tuple(
            SubtitleFile(each.path.name, each.language, len(content)) for each, content in kept if content is not None
        )

    def sidecars(self, recording_id: str) -> tuple[Sidecar, ...]:
        """Where they lie, by their names."""
        if not _ID.fullmatch(recording_id):
            return ()
        paths = sorted(self._of(recording_id).glob("[!.]*"))
        return tuple(Sidecar(path, language_of(path.name)) for path in paths)

    def content(self, recording_id: str, name: str) -> bytes:
        content = _content(self._known(recording_id, name))
        if content is None:
            raise UnknownSubtitles(name=name)
        return content

    def drop(self, recording_id: str, name: str) -> None:
        path = self._known(recording_id, name)
        with telling(path), self._alone():
            path.unlink(missing_ok=True)
            sync_folder(path.parent)

    def word(self, recording_id: str) -> str:
        told = hashlib.sha256()
        sidecars = self.sidecars(recording_id)
        for each in sidecars:
            told.update(f"{each.path.name}\0{hashlib.sha256(_content(each.path) or b'').hexdigest()}\n".encode())
        return told.hexdigest()[:16] if sidecars else ""

    def forget(self, recording_id: str) -> None:
        if _ID.fullmatch(recording_id):
            with telling(self._folder), self._alone():
                shutil.rmtree(self._of(recording_id), ignore_errors=True)

    def clear(self, wanted: Callable[[], Collection[str]]) -> int:
        there = {path.name for path in self._folder.glob("[!.]*")}
        gone = there.difference(wanted()) if there else set()
        for recording_id in gone:
            self.forget(recording_id)
        return len(gone)

    def _known(self, recording_id: str, name: str) -> Path:
        for each in self.sidecars(recording_id):
            if each.path.name == name:
                return each.path
        raise UnknownSubtitles(name=name)

    def _of(self, recording_id: str) -> Path:
        return self._folder / recording_id

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else, in any process, changes them."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / ".lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _can_be_called(name: str) -> bool:
    """True for the name of one file, and of subtitles."""
    try:
        short = len(name.encode()) <= _LONGEST_NAME
    except UnicodeEncodeError:
        return False
    plain = name.isprintable() and not name.startswith(".") and "/" not in name and "\\" not in name
    return short and plain and Path(name).suffix.lower() in FORMATS


def _content(path: Path) -> bytes | None:
    """None where it is not there any more, or never was."""
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return None
