"""Which process works in a data directory: the one that holds its slot, an OS lock that ends with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO


class Slot:
    """The right to work in a folder, held by at most one living process."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "worker.lock"
        self._file: BinaryIO | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def take(self) -> bool:
        """True where this process holds the slot now; False where another one lives and does."""
        if self._file is not None:
            return True
        file = self._path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        self._file = file
        return True

    def holder(self) -> int | None:
        """The process that holds the slot, or None where nobody does."""
        try:
            return int(self._path.read_bytes() or b"0") or None
        except FileNotFoundError:
            return None

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
