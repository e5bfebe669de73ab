"""A file on its way up, and the note by which another process goes on with it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, TypeAlias

from videoqa.client.problems import Changed

File: TypeAlias = str | os.PathLike[str] | BinaryIO


class Outgoing:
    """A file to be sent: a path, or an open file that can seek, from where it stands to its end.

    Raises:
        OSError: the file cannot be read.
        ValueError: the open file cannot seek, or gives text.
    """

    def __init__(self, file: File) -> None:
        if isinstance(file, str | os.PathLike):
            path = Path(file).absolute()
            self._open: BinaryIO = path.open("rb")
            self._own = True
            self.name, self._mark = path.name, str(path)
        else:
            if not file.seekable():
                raise ValueError("an open file that is uploaded has to be one that can seek")
            self._open = file
            self._own = False
            self.name, self._mark = Path(str(getattr(file, "name", "recording"))).name, ""
        self._begin = 0 if self._own else self._open.tell()
        self.size = self._open.seek(0, os.SEEK_END) - self._begin
        self._stood = self._state()

    def read(self, offset: int, most: int) -> bytes:
        """Up to ``most`` bytes from ``offset`` on.

        Raises:
            Changed: the file is another one than it was.
        """
        self._open.seek(self._begin + offset)
        block = self._open.read(min(most, self.size - offset))
        if not block or self._state() != self._stood:
            raise Changed(f"{self.name} changed while it was sent; send it again when it is complete.")
        return block

    def close(self) -> None:
        if self._own:
            self._open.close()

    def fingerprint(self, url: str, told: Mapping[str, str]) -> str:
        """What an upload is known again by; empty for what has no path to be found at again."""
        if not self._mark:
            return ""
        return sha256(json.dumps([url, self._mark, self.size, self._stood, sorted(told.items())]).encode()).hexdigest()

    def _state(self) -> tuple[int, int]:
        if not self._own:
            return 0, 0
        stat = os.fstat(self._open.fileno())
        return stat.st_size, stat.st_mtime_ns


class UploadNote:
    """The id of an unfinished upload, in a file of its own. Where notes cannot be kept, uploads begin anew."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._file = folder / fingerprint if fingerprint else None

    def read(self) -> str:
        """Empty where there is none."""
        if self._file is not None:
            with suppress(OSError, UnicodeError):
                return self._file.read_text("ascii").strip()
        return ""

    def write(self, upload_id: str) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                fresh = self._file.with_suffix(f".{os.getpid()}")
                fresh.write_text(upload_id, "ascii")
                fresh.replace(self._file)

    def forget(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
