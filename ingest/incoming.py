"""A file that is being written by one upload, and what there is to writing files that outlive a kill."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from videoqa.errors import DataUnwritable, DiskFull, UnknownUpload

if TYPE_CHECKING:
    from io import FileIO


@dataclass(slots=True)
class Running:
    """The digest of the first ``size`` bytes of a file, which goes on with it."""

    size: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def copy(self) -> Running:
        return Running(self.size, self.digest.copy())


class IncomingFile:
    """The bytes of one arrival, open at their end; see ``videoqa.ports.Incoming``.

    The digest runs along where every byte so far has come through this process (``hashed``); else the file is read for
    it in the end. ``unproven`` is the mark that stands beside the file until what is written now counts.
    """

    def __init__(
        self,
        file: FileIO,
        *,
        hashed: Running | None,
        unproven: Path | None,
        make_room: Callable[[int], None],
        closed: Callable[[Running], None],
    ) -> None:
        self._file = file
        self._start = self._size = file.tell()
        self._hashed = hashed if hashed is not None else Running()
        self._undone = self._hashed.copy() if unproven is not None else self._hashed
        self._unproven = unproven
        self._make_room = make_room
        self._closed = closed

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes | bytearray | memoryview) -> None:
        left = memoryview(data)
        self._make_room(len(left))
        with telling(Path(str(self._file.name))):
            while left:
                written = self._file.write(left)
                self._size += written
                if self._hashed.size == self._size - written:
                    self._hashed.digest.update(left[:written])
                    self._hashed.size = self._size
                left = left[written:]

    def prove(self) -> None:
        with telling(Path(str(self._file.name))):
            os.fdatasync(self._file.fileno())
            if self._unproven is not None:
                self._unproven.unlink()
                sync_folder(self._unproven.parent)
                self._unproven = None

    def close(self) -> None:
        if self._file.closed:
            return
        try:
            with telling(Path(str(self._file.name))):
                if self._unproven is not None:
                    self._file.truncate(self._start)
                    self._hashed = self._undone
                os.fdatasync(self._file.fileno())
                if self._unproven is not None:
                    self._unproven.unlink(missing_ok=True)
            if self._hashed.size == os.fstat(self._file.fileno()).st_size:
                self._closed(self._hashed)
        finally:
            self._file.close()


def write_through(path: Path, data: bytes) -> None:
    """Writes ``data`` to ``path`` and flushes it to the disk; the folder that names it is not flushed."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flushes which files ``folder`` holds."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Has what the system says of a file at ``path`` told in our errors."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnknownUpload(name=path.stem) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(path=path.parent) from error
        raise DataUnwritable(path=path, problem=error.strerror or error) from error
