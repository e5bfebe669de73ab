"""Knows a file again by its content."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from videoqa.errors import NoSuchFile, SourceChanged
from videoqa.ports import FileIdentity


class LocalFiles:
    """The files of this machine."""

    def identify(self, path: str) -> FileIdentity:
        """Reads the whole file once and returns what tells it from any other.

        Raises:
            NoSuchFile: it is not there, is no regular file, or may not be read.
            SourceChanged: it was written to meanwhile.
        """
        try:
            # Without O_NONBLOCK a named pipe would keep us waiting for somebody who writes to it.
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123  a descriptor, no path
                before = os.fstat(file.fileno())
                if not stat.S_ISREG(before.st_mode):
                    raise NoSuchFile(problem="it is no regular file")
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                after = os.fstat(file.fileno())
        except OSError as error:
            raise NoSuchFile(problem=error.strerror or str(error)) from error
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise SourceChanged
        return FileIdentity(digest, after.st_size, after.st_mtime_ns)

    def kept(self, path: str, digest: str) -> FileIdentity:
        """The identity of a file that is kept under its digest; it is not read.

        Raises:
            NoSuchFile: it is not there.
        """
        try:
            now = Path(path).stat()
        except OSError as error:
            raise NoSuchFile(problem=error.strerror or str(error)) from error
        if not stat.S_ISREG(now.st_mode):
            raise NoSuchFile(problem="it is no regular file")
        return FileIdentity(digest, now.st_size, now.st_mtime_ns)

    def unchanged(self, path: str, identity: FileIdentity) -> bool:
        """True where ``path`` still has the size and the time of change of ``identity``."""
        now = _stat(path)
        return now is not None and (now.st_size, now.st_mtime_ns) == (identity.size, identity.modified_ns)

    def has(self, path: str, identity: FileIdentity) -> bool:
        """True where a file of the size of ``identity`` lies at ``path``, whenever it was changed."""
        now = _stat(path)
        return now is not None and stat.S_ISREG(now.st_mode) and now.st_size == identity.size


def _stat(path: str) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except OSError:
        return None
