"""Files kept to be used again: written as a whole or not at all, and no more of them than there is room for."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.spool import RESERVE

_HALF_WRITTEN = ".*"
_LEFT_OVER_NS = 3600 * 10**9


@contextmanager
def written(path: Path, size: int = 0) -> Iterator[IO[bytes] | None]:
    """A file to write ``size`` bytes or more to, which stands at ``path`` once this is left without an error.

    None where the disk has no room for it.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(path.parent).free < RESERVE + size:
        yield None
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            yield file.file
            file.close()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def make_room(folder: Path, pattern: str, most_bytes: int, latest: Path | None = None) -> None:
    """Removes of the files in ``folder`` by ``pattern`` what was not used for longest, but never ``latest``."""
    drop_left_over(folder)
    kept = [(path == latest, when, path, size) for when, path, size in files(folder, pattern)]
    total = sum(size for *_, size in kept) + sum(size for *_, size in files(folder, _HALF_WRITTEN))
    for is_latest, _, path, size in sorted(kept):
        if total <= most_bytes or is_latest:
            return
        path.unlink(missing_ok=True)
        total -= size


def files(folder: Path, pattern: str) -> list[tuple[int, Path, int]]:
    """When the files in ``folder`` were last used, in nanoseconds, which they are, and their bytes."""
    found = []
    for path in folder.glob(pattern):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        found.append((state.st_mtime_ns, path, state.st_size))
    return found


def drop_left_over(folder: Path) -> None:
    """Removes what a process that was killed had half written."""
    for when, path, _ in files(folder, _HALF_WRITTEN):
        if time.time_ns() - when > _LEFT_OVER_NS:
            path.unlink(missing_ok=True)


def use(path: Path) -> bool:
    """Marks ``path`` as used just now; False where it is not there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True
