"""The latest picture of each camera, as a file beside its footage."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from ingest.spool import encode
from videoqa.errors import DiskFull
from videoqa.media import Picture
from videoqa.ports import Snapshot

FILE = "latest.jpg"
FRESH = ".latest.jpg"
"""What is being written: one thread alone shows a camera, and what a kill leaves of it is written over."""


class DiskSnapshots:
    """Implements ``Snapshots`` over the cameras' folders in ``folder``. Whoever reads sees a whole picture, always."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, camera_id: str, picture: Picture, taken_at: datetime) -> None:
        """Puts the picture in the place of the one before.

        Raises:
            DiskFull: it cannot be written.
        """
        place = self._folder / camera_id
        fresh = place / FRESH
        when = round(taken_at.timestamp() * 1e9)
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                fresh.write_bytes(encode(picture))
                os.utime(fresh, ns=(when, when))
                fresh.replace(place / FILE)
            finally:
                fresh.unlink(missing_ok=True)
        except OSError as error:
            raise DiskFull(path=place) from error

    def latest(self, camera_id: str) -> Snapshot | None:
        try:
            with (self._folder / camera_id / FILE).open("rb") as file:
                return Snapshot(file.read(), _as_time(os.fstat(file.fileno())))
        except OSError:
            return None

    def taken_at(self, camera_id: str) -> datetime | None:
        try:
            return _as_time((self._folder / camera_id / FILE).stat())
        except OSError:
            return None


def _as_time(state: os.stat_result) -> datetime:
    return datetime.fromtimestamp(state.st_mtime_ns / 1e9, UTC)
