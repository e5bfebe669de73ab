"""The file of a recording under way: it only grows, and is safe on disk but for its last seconds."""

from __future__ import annotations

import errno
import os
import struct
import time
from pathlib import Path

from videoqa.errors import DataUnwritable, DiskFull, StorageError

ROOM_EVERY = 16 * 2**20
"""After so many bytes it is looked whether there is room for more."""
_SYNC_SECONDS = 2.0
_FULL = (errno.ENOSPC, errno.EDQUOT)
_HEAD = struct.Struct("!I4s")
"""Size and kind of a box (ISO/IEC 14496-12, 4.2)."""


class NoFile:
    """Takes what is not kept, as the disk is full."""

    path = ""

    def write(self, data: bytes | memoryview) -> None: ...

    def close(self) -> None: ...


class RecordingFile:
    """
    Args:
        most_bytes: that it may be long.
        reserve: bytes of the disk that it leaves free, but for ``ROOM_EVERY``.

    Raises:
        DataUnwritable: it cannot be made or written.
        DiskFull: there is no room for more of it.
    """

    def __init__(self, path: str, most_bytes: int, reserve: int = 0) -> None:
        self.path = path
        self._most = most_bytes
        self._reserve = reserve
        self._length = 0
        self._room_until = ROOM_EVERY
        self._synced = time.monotonic()
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._told(error) from error

    def write(self, data: bytes | memoryview) -> None:
        """Adds ``data``, a whole fragment where it begins with one.

        A fragment whose head is not all there yet would make the whole file unreadable (FFmpeg reads them all when it
        opens it). So it is a box without a meaning until the last byte of it is written.
        """
        whole = memoryview(data)
        at, self._length = self._length, self._length + len(whole)
        if self._length > self._most:
            raise DataUnwritable(path=self.path, problem="it is larger than any recording")
        self._look_for_room()
        fragment = bytes(whole[4 : _HEAD.size]) == b"moof"
        try:
            if fragment:
                self._put(_HEAD.pack(len(whole), b"free"), at)
                self._put(whole[_HEAD.size :], at + _HEAD.size)
                self._put(whole[: _HEAD.size], at)
            else:
                self._put(whole, at)
            if time.monotonic() - self._synced >= _SYNC_SECONDS:
                self._sync()
        except OSError as error:
            raise self._told(error) from error

    def close(self) -> None:
        try:
            self._sync()
        except OSError as error:
            raise self._told(error) from error
        finally:
            os.close(self._descriptor)

    def _look_for_room(self) -> None:
        if self._length < self._room_until:
            return
        self._room_until = self._length + ROOM_EVERY
        disk = os.fstatvfs(self._descriptor)
        if disk.f_bavail * disk.f_frsize < self._reserve:
            raise DiskFull(path=self.path)

    def _told(self, error: OSError) -> StorageError:
        if error.errno in _FULL:
            return DiskFull(path=self.path)
        return DataUnwritable(path=self.path, problem=error.strerror)

    def _put(self, data: bytes | memoryview, at: int) -> None:
        left = memoryview(data)
        while left:
            done = os.pwrite(self._descriptor, left, at)
            left, at = left[done:], at + done

    def _sync(self) -> None:
        os.fdatasync(self._descriptor)
        self._synced = time.monotonic()


def mend(path: str) -> None:
    """Cuts off a fragment whose head is not all there, which a machine that lost its power may leave behind.

    Without that nothing of the file could be read. What is no MP4 stays as it is.

    Raises:
        DataUnwritable: it cannot be read or written.
    """
    try:
        with Path(path).open("r+b") as file:
            size, at = file.seek(0, os.SEEK_END), 0
            while at < size:
                file.seek(at)
                head = file.read(_HEAD.size)
                length, kind = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, b"")
                if at == 0 and kind != b"ftyp":
                    return
                if length < _HEAD.size or (at + length > size and kind != b"mdat"):
                    file.truncate(at)
                    return
                at += length
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataUnwritable(path=path, problem=error.strerror) from error


def holds_media(path: str) -> bool:
    """True where there is a whole fragment in the file, or it is no MP4: then nobody can tell what is in it.

    Raises:
        DataUnwritable: it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            size, at, before = file.seek(0, os.SEEK_END), 0, b""
            while at + _HEAD.size <= size:
                file.seek(at)
                length, kind = _HEAD.unpack(file.read(_HEAD.size))
                if at == 0 and kind != b"ftyp":
                    return True
                if length < _HEAD.size or at + length > size:
                    return False
                if (before, kind) == (b"moof", b"mdat"):
                    return True
                at, before = at + length, kind
            return False
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DataUnwritable(path=path, problem=error.strerror) from error
