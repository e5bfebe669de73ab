"""Room on the disk for files on their way in: what is left of it, and what was promised."""

from __future__ import annotations

import shutil

from ingest.arriving import Notes
from videoqa.errors import DiskFull, TooManyBegun

RESERVE = 512 * 2**20
MOST = 256


class Room:
    """
    Args:
        reserve: bytes of the disk that arrivals leave free.
        most: arrivals of one owner that may wait for their bytes.
    """

    def __init__(self, notes: Notes, reserve: int = RESERVE, most: int = MOST) -> None:
        self._notes = notes
        self._reserve = reserve
        self._most = most

    def make(self, size: int) -> None:
        """
        Raises:
            DiskFull: with ``size`` bytes more the disk would have less left than the reserve.
        """
        if shutil.disk_usage(self._notes.folder).free - size < self._reserve:
            raise DiskFull(path=self._notes.folder)

    def promise(self, owner: str, size: int, arrival_id: str = "", *, counted: bool) -> None:
        """Sees that there is room for ``size`` bytes more beside what is still to come.

        What others have declared holds half of the room at most: a declaration costs nothing. Should all of it come
        after all, each piece that there is no room for is refused, and what is here stays.

        Raises:
            DiskFull: there is not.
            TooManyBegun: as many wait as ``owner`` may have, and this one is ``counted`` among them.
        """
        waiting = [(each, note, more) for each, note, more in self._notes.waiting() if each != arrival_id]
        begun = sum(note.owner == owner and each not in self._notes.passing for each, note, _ in waiting)
        if counted and begun >= self._most:
            raise TooManyBegun(limit=self._most, retry_after=60)
        if size > 0 or not arrival_id:
            own = sum(more for _, note, more in waiting if note.owner == owner)
            others = sum(more for _, note, more in waiting if note.owner != owner)
            room = max(0, shutil.disk_usage(self._notes.folder).free - self._reserve)
            self.make(size + own + min(others, room // 2))
