"""Services that run over one data directory, who are to know of one another."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from videoqa.errors import DataUnwritable

_FOLDER = "services"
_LOOK_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Neighbours:
    """The services over the data directory ``folder``, as the one at ``url`` sees them. Each has a file there, with its
    address, which it holds locked as long as it lives.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder / _FOLDER
        self._url = url
        self._own = self._folder / str(os.getpid())
        self._known: tuple[str, ...] = ()

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Is one of them while inside.

        Raises:
            DataUnwritable: that cannot be written down.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._own.open("w", encoding="utf-8")
        except OSError as error:
            raise DataUnwritable(path=self._folder, problem=error.strerror or error) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(self._url)
            file.flush()
            try:
                yield
            finally:
                self._own.unlink(missing_ok=True)

    def others(self) -> tuple[str, ...]:
        """Where the others are; one that is just beginning may not be among them yet."""
        found = (_address(path) for path in self._folder.glob("[0-9]*") if path != self._own)
        return tuple(sorted(url for url in found if url))

    def tell(self) -> None:
        """Logs what has changed about the others."""
        others = self.others()
        for url in sorted(set(others) - set(self._known)):
            _log.warning("another service, at %s, runs over this data directory; limits hold for each by itself", url)
        for url in sorted(set(self._known) - set(others)):
            _log.info("the service at %s has gone", url)
        self._known = others

    def tell_loop(self) -> None:
        """Tells now and then, for as long as the process lives."""
        while True:
            self.tell()
            time.sleep(_LOOK_SECONDS)


def is_served(folder: Path) -> bool:
    """True where a service lives over the data directory ``folder``."""
    return any(_address(path) for path in (folder / _FOLDER).glob("[0-9]*"))


def _address(path: Path) -> str:
    """What stands in the file of a living service; empty where it has gone, and its file is removed."""
    with suppress(OSError, ValueError):
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip()
        path.unlink(missing_ok=True)
    return ""
