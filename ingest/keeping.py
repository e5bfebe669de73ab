"""Where footage is kept that is ours: by its digest, and cleared away only where that was doubted.

To keep is to give the file a second name, so that a kill between any two steps leaves either the arrival or the
recording, and never a half of one.
"""

from __future__ import annotations

import errno
import fcntl
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.incoming import sync_folder, telling
from videoqa.ports import Arrived

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


class KeptFootage:
    """What ``Inbox`` keeps of the files that have arrived, in ``footage``; several processes may share it."""

    def __init__(self, footage: Path) -> None:
        self._footage = footage

    @contextmanager
    def keep(self, arrived: Arrived, name: str) -> Iterator[Path]:
        with self._alone():
            with telling(arrived.path):
                path = self._kept(arrived.digest, arrived.size) or self._place(arrived.digest, name)
                doubted = self._doubts(path).exists()
                self._mark(path)
                self._put(arrived, path)
            yield path
            # A doubt of somebody else is not ours to end.
            if not doubted:
                self._doubts(path).unlink(missing_ok=True)

    def doubt(self, path: Path) -> None:
        if path.is_relative_to(self._footage):
            with self._alone(), telling(self._footage):
                self._mark(path)

    def clear(self, wanted: Callable[[], Collection[Path]]) -> int:
        cleared = 0
        with self._alone(), telling(self._footage):
            doubts = list(self._doubts(self._footage / "x").parent.glob("*"))
            # By their names: the folder may have been moved since the archive was told of them.
            names = {path.name for path in wanted()} if doubts else set()
            for mark in doubts:
                if mark.name not in names:
                    (self._footage / mark.name[:2] / mark.name).unlink(missing_ok=True)
                    cleared += 1
                mark.unlink()
        return cleared

    def _mark(self, path: Path) -> None:
        mark = self._doubts(path)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        sync_folder(mark.parent)

    def _place(self, digest: str, name: str) -> Path:
        suffix = Path(name.lower()).suffix
        return self._footage / digest[:2] / (digest + (suffix if _SUFFIX.fullmatch(suffix) else ""))

    def _put(self, arrived: Arrived, path: Path) -> None:
        if path.exists() and path.stat().st_size == arrived.size:
            return
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
            sync_folder(self._footage)
        path.unlink(missing_ok=True)
        try:
            path.hardlink_to(arrived.path)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            arrived.path.rename(path)  # a file system without second names
        sync_folder(path.parent)

    def _doubts(self, path: Path) -> Path:
        """The mark that stands while it is not known whether ``path`` is wanted."""
        return self._footage / "doubted" / path.name

    def _kept(self, digest: str, size: int) -> Path | None:
        there = (self._footage / digest[:2]).glob(f"{digest}*")
        return next((path for path in there if path.stat().st_size == size), None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else, in any process, adds to the footage or clears it."""
        with telling(self._footage):
            self._footage.mkdir(parents=True, exist_ok=True)
        with (self._footage / ".lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
