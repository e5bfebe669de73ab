"""The file of a recording under way: it is only ever added to, and safe on disk but for its last seconds."""

from __future__ import annotations

import os
import time
from pathlib import Path

from videoqa.errors import DataUnwritable, DiskFull

_SYNC_SECONDS = 2.0


class RecordingFile:
    """
    Raises:
        DataUnwritable: it cannot be made.
        DiskFull: there is no room for more of it.
    """

    def __init__(self, path: str, most_bytes: int) -> None:
        self.path = path
        self._left = most_bytes
        self._synced = time.monotonic()
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataUnwritable(path=path, problem=error.strerror) from error

    def write(self, data: bytes | memoryview) -> None:
        left = memoryview(data)
        self._left -= len(left)
        if self._left < 0:
            raise DiskFull(path=self.path)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
            if time.monotonic() - self._synced >= _SYNC_SECONDS:
                self._sync()
        except OSError as error:
            raise DiskFull(path=self.path) from error

    def close(self) -> None:
        try:
            self._sync()
        except OSError as error:
            raise DiskFull(path=self.path) from error
        finally:
            os.close(self._descriptor)

    def _sync(self) -> None:
        os.fdatasync(self._descriptor)
        self._synced = time.monotonic()
