"""Where footage arrives on the disk."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.arriving import LIFETIME, UNBEGUN, Note, Notes
from ingest.incoming import IncomingFile, Running, telling, write_through
from ingest.keeping import KeptFootage
from ingest.room import MOST, RESERVE, Room
from videoqa.errors import ArrivalBusy, UnknownUpload, WrongOffset
from videoqa.ports import Arrival, Arrived


class DiskInbox(KeptFootage):
    """The inbox of one data directory; several processes may share it.

    Args:
        folder: the data directory.
        reserve: bytes of the disk that arrivals leave free.
        lifetime: how long an arrival is kept after its last byte; one of which nothing came, for ``UNBEGUN``.
        most: arrivals of one owner that may wait for their bytes.
    """

    def __init__(self, folder: Path, reserve: int = RESERVE, lifetime: timedelta = LIFETIME, most: int = MOST) -> None:
        super().__init__(folder / "footage")
        self._notes = Notes(folder / "inbox", lifetime)
        self._room = Room(self._notes, reserve, most)
        self._promising = threading.Lock()
        self._hashes: dict[str, Running] = {}

    def begin(self, owner: str, declared: int | None, metadata: Mapping[str, str], *, lasting: bool = True) -> Arrival:
        arrival_id = secrets.token_hex(16)
        note = Note(owner, declared, dict(metadata), datetime.now(UTC).isoformat())
        with self._telling():
            self._notes.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._promising:
                self._room.promise(owner, declared or 0, counted=lasting)
                os.close(os.open(self._notes.part(arrival_id), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                self._notes.passing[arrival_id] = note
            if lasting:
                try:
                    self._notes.write(arrival_id, note)
                finally:
                    del self._notes.passing[arrival_id]
        return note.arrival(arrival_id, datetime.now(UTC) + min(self._notes.lifetime, UNBEGUN))

    def arrival(self, arrival_id: str) -> Arrival | None:
        with self._telling(arrival_id):
            note = self._notes.note(arrival_id)
            if note is None or (expires_at := self._notes.expires_at(arrival_id, note)) <= datetime.now(UTC):
                return None
        return note.arrival(arrival_id, expires_at)

    def arrivals(self) -> tuple[Arrival, ...]:
        there = [self.arrival(path.stem) for path in self._notes.folder.glob("*.json")]
        waiting = [each for each in there if each is not None and not each.recording_id and not each.problem]
        return tuple(sorted(waiting, key=lambda each: each.created_at))

    def declare(self, arrival_id: str, length: int) -> Arrival:
        with self._telling(arrival_id):
            note = replace(self._notes.known(arrival_id), declared=length)
            with self._promising:
                more = length - self._notes.part(arrival_id).stat().st_size
                self._room.promise(note.owner, more, arrival_id, counted=False)
                self._notes.write(arrival_id, note)
        return note.arrival(arrival_id, self._notes.expires_at(arrival_id, note))

    def offset(self, arrival_id: str) -> int:
        note = self._notes.known(arrival_id)
        if note.ended:
            return note.declared or 0
        with self._telling(arrival_id), self._notes.part(arrival_id).open("rb") as file:
            os.fsync(file.fileno())
            proven = _proven(self._notes.unproven(arrival_id))
            size = os.fstat(file.fileno()).st_size
            return size if proven is None else min(size, proven)

    def open(self, arrival_id: str, offset: int, *, unproven: bool = False) -> IncomingFile:
        if self._notes.known(arrival_id).ended:
            raise WrongOffset(offset=self.offset(arrival_id), given=offset)
        with self._telling(arrival_id):
            file = self._notes.part(arrival_id).open("r+b", buffering=0)
            try:
                self._lock(file.fileno(), arrival_id)
                mark = self._notes.unproven(arrival_id)
                if (proven := _proven(mark)) is not None:
                    file.truncate(proven)
                    mark.unlink(missing_ok=True)
                end = file.seek(0, os.SEEK_END)
                if end != offset:
                    raise WrongOffset(offset=end, given=offset)
                if unproven:
                    write_through(mark, f"{end}\n".encode())
            except BaseException:
                file.close()
                raise
        return IncomingFile(
            file,
            hashed=self._hashes.pop(arrival_id, None),
            unproven=mark if unproven else None,
            make_room=self._room.make,
            closed=lambda running: self._hashes.__setitem__(arrival_id, running),
        )

    def complete(self, arrival_id: str) -> Arrived:
        path, size = self._notes.part(arrival_id), self.offset(arrival_id)
        running = self._hashes.get(arrival_id)
        with self._telling(arrival_id):
            if running is not None and running.size == size:
                return Arrived(arrival_id, path, running.digest.hexdigest(), size)
            with path.open("rb") as file:
                return Arrived(arrival_id, path, hashlib.file_digest(file, "sha256").hexdigest(), size)

    def taken(self, arrival_id: str, recording_id: str) -> None:
        self._end(arrival_id, recording_id=recording_id)

    def fail(self, arrival_id: str, problem: str) -> None:
        self._end(arrival_id, problem=problem)

    def discard(self, arrival_id: str) -> None:
        self._hashes.pop(arrival_id, None)
        with self._telling(arrival_id):
            self._notes.drop(arrival_id)

    def sweep(self) -> int:
        with self._telling():
            gone = self._notes.over()
        for each in gone:
            self.discard(each)
        return len(gone)

    def _end(self, arrival_id: str, recording_id: str = "", problem: str = "") -> None:
        self._hashes.pop(arrival_id, None)
        with self._telling(arrival_id):
            if self._notes.passing.pop(arrival_id, None) is None:
                note = replace(self._notes.known(arrival_id), recording_id=recording_id, problem=problem)
                self._notes.write(arrival_id, replace(note, declared=self.offset(arrival_id)))
            self._notes.part(arrival_id).unlink(missing_ok=True)

    def _lock(self, descriptor: int, arrival_id: str) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArrivalBusy from error
        if not os.fstat(descriptor).st_nlink:
            raise UnknownUpload(name=arrival_id)

    def _telling(self, arrival_id: str = "inbox") -> AbstractContextManager[None]:
        return telling(self._notes.part(arrival_id))


def _proven(mark: Path) -> int | None:
    """How many bytes count of a file whose last writer did not come to prove its bytes; None where all do."""
    try:
        text = mark.read_text()
    except FileNotFoundError:
        return None
    # A mark that was cut off by a kill stands beside a file that was not written to yet.
    return int(text) if text.endswith("\n") else None
