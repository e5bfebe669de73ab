"""Which process does a kind of work in a data directory: the one that holds its slot, an OS lock that ends with it."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO


class Slot:
    """The right to a kind of work in a folder, held by at most one living process."""

    def __init__(self, folder: Path, work: str = "worker") -> None:
        self._path = folder / f"{work}.lock"
        self._file: BinaryIO | None = None

    def take(self) -> bool:
        """True where this process holds the slot, from now on until it ends; False where another one lives and does."""
        if self._file is not None:
            return True
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def held(self) -> bool:
        """True where a living process holds the slot. One that begins at this very moment may have to try again."""
        if self._file is not None:
            return True
        try:
            with self._path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False
