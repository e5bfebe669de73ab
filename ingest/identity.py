"""Knows a file again by its content."""

from __future__ import annotations

import hashlib
import os
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
            with Path(path).open("rb") as file:
                before = os.fstat(file.fileno())
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                after = os.fstat(file.fileno())
        except OSError as error:
            raise NoSuchFile(problem=error.strerror or str(error)) from error
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise SourceChanged
        return FileIdentity(digest, after.st_size, after.st_mtime_ns)

    def unchanged(self, path: str, identity: FileIdentity) -> bool:
        """True where ``path`` still has the size and the time of change of ``identity``."""
        try:
            now = Path(path).stat()
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (identity.size, identity.modified_ns)
