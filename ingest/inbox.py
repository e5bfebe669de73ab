"""Where footage arrives on the disk, and where it is kept.

``inbox`` holds of each arrival its bytes so far (``<id>.part``) and what was told of it (``<id>.json``); a lock on the
former is the right to write. ``footage`` holds what is kept, by its digest. To keep is to give the file a second name,
so that a kill between any two steps leaves either the arrival or the recording, and never a half of one.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.incoming import IncomingFile, Running, sync_folder, telling, write_through
from videoqa.errors import ArrivalBusy, DiskFull, TooManyBegun, UnknownUpload, WrongOffset
from videoqa.ports import Arrival, Arrived

RESERVE = 512 * 2**20
LIFETIME = timedelta(days=1)
UNBEGUN = timedelta(hours=1)
"""How long an arrival is kept of which nothing has come: whoever begins one has its first byte at hand."""
MOVING = timedelta(minutes=10)
"""What was declared of an arrival holds room on the disk as long as its last byte is no older: a line that broke has
been tried again by then, and who has never sent anything is not to keep others from it."""
MOST = 256
_ORPHANED = timedelta(minutes=2)
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_ID = re.compile(r"[0-9a-f]{32}")


class DiskInbox:
    """The inbox of one data directory; several processes may share it.

    Args:
        folder: the data directory.
        reserve: bytes of the disk that arrivals leave free.
        lifetime: how long an arrival is kept after its last byte; one of which nothing came, for ``UNBEGUN``.
        most: arrivals of one owner that may wait for their bytes.
    """

    def __init__(self, folder: Path, reserve: int = RESERVE, lifetime: timedelta = LIFETIME, most: int = MOST) -> None:
        self._inbox = folder / "inbox"
        self._footage = folder / "footage"
        self._reserve = reserve
        self._lifetime = lifetime
        self._most = most
        self._promising = threading.Lock()
        self._passing: dict[str, _Note] = {}
        self._hashes: dict[str, Running] = {}

    def begin(self, owner: str, declared: int | None, metadata: Mapping[str, str], *, lasting: bool = True) -> Arrival:
        arrival_id = secrets.token_hex(16)
        note = _Note(owner, declared, dict(metadata), datetime.now(UTC).isoformat())
        with self._telling():
            self._inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._promising:
                self._promise(owner, declared or 0, counted=lasting)
                os.close(os.open(self._part(arrival_id), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                self._passing[arrival_id] = note
            if lasting:
                try:
                    self._write(arrival_id, note)
                finally:
                    del self._passing[arrival_id]
        return note.arrival(arrival_id, datetime.now(UTC) + min(self._lifetime, UNBEGUN))

    def arrival(self, arrival_id: str) -> Arrival | None:
        with self._telling(arrival_id):
            note = self._note(arrival_id)
            if note is None or (expires_at := self._expires_at(arrival_id, note)) <= datetime.now(UTC):
                return None
        return note.arrival(arrival_id, expires_at)

    def arrivals(self) -> tuple[Arrival, ...]:
        there = [self.arrival(path.stem) for path in self._inbox.glob("*.json")]
        waiting = [each for each in there if each is not None and not each.recording_id and not each.problem]
        return tuple(sorted(waiting, key=lambda each: each.created_at))

    def declare(self, arrival_id: str, length: int) -> Arrival:
        with self._telling(arrival_id):
            note = replace(self._known(arrival_id), declared=length)
            with self._promising:
                more = length - self._part(arrival_id).stat().st_size
                self._promise(note.owner, more, arrival_id, counted=False)
                self._write(arrival_id, note)
        return note.arrival(arrival_id, self._expires_at(arrival_id, note))

    def offset(self, arrival_id: str) -> int:
        note = self._known(arrival_id)
        if note.ended:
            return note.declared or 0
        with self._telling(arrival_id), self._part(arrival_id).open("rb") as file:
            os.fsync(file.fileno())
            proven = _proven(self._unproven(arrival_id))
            size = os.fstat(file.fileno()).st_size
            return size if proven is None else min(size, proven)

    def open(self, arrival_id: str, offset: int, *, unproven: bool = False) -> IncomingFile:
        if self._known(arrival_id).ended:
            raise WrongOffset(offset=self.offset(arrival_id), given=offset)
        with self._telling(arrival_id):
            file = self._part(arrival_id).open("r+b", buffering=0)
            try:
                self._lock(file.fileno(), arrival_id)
                mark = self._unproven(arrival_id)
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
            make_room=self.make_room,
            closed=lambda running: self._hashes.__setitem__(arrival_id, running),
        )

    def complete(self, arrival_id: str) -> Arrived:
        path, size = self._part(arrival_id), self.offset(arrival_id)
        running = self._hashes.get(arrival_id)
        with self._telling(arrival_id):
            if running is not None and running.size == size:
                return Arrived(arrival_id, path, running.digest.hexdigest(), size)
            with path.open("rb") as file:
                return Arrived(arrival_id, path, hashlib.file_digest(file, "sha256").hexdigest(), size)

    @contextmanager
    def keep(self, arrived: Arrived, name: str) -> Iterator[Path]:
        with self._alone():
            with self._telling(arrived.id):
                path = self._kept(arrived.digest, arrived.size) or self._place(arrived.digest, name)
                doubted = self._doubts(path).exists()
                self._mark(path)
                self._put(arrived, path)
            yield path
            # A doubt of somebody else is not ours to end.
            if not doubted:
                self._doubts(path).unlink(missing_ok=True)

    def taken(self, arrival_id: str, recording_id: str) -> None:
        self._end(arrival_id, recording_id=recording_id)

    def fail(self, arrival_id: str, problem: str) -> None:
        self._end(arrival_id, problem=problem)

    def discard(self, arrival_id: str) -> None:
        self._hashes.pop(arrival_id, None)
        self._passing.pop(arrival_id, None)
        with self._telling(arrival_id):
            if _ID.fullmatch(arrival_id):
                for path in (self._note_file(arrival_id), self._unproven(arrival_id), self._part(arrival_id)):
                    path.unlink(missing_ok=True)

    def sweep(self) -> int:
        with self._telling():
            ids = {path.name.partition(".")[0] for path in self._inbox.iterdir()} if self._inbox.is_dir() else set()
            gone = [each for each in sorted(ids) if self._is_over(each)]
        for each in gone:
            self.discard(each)
        return len(gone)

    def doubt(self, path: Path) -> None:
        if path.is_relative_to(self._footage):
            with self._alone(), self._telling():
                self._mark(path)

    def clear(self, wanted: Callable[[], Collection[Path]]) -> int:
        cleared = 0
        with self._alone(), self._telling():
            doubts = list(self._doubts(self._footage / "x").parent.glob("*"))
            # By their names: the folder may have been moved since the archive was told of them.
            names = {path.name for path in wanted()} if doubts else set()
            for mark in doubts:
                if mark.name not in names:
                    (self._footage / mark.name[:2] / mark.name).unlink(missing_ok=True)
                    cleared += 1
                mark.unlink()
        return cleared

    def make_room(self, size: int) -> None:
        """
        Raises:
            DiskFull: with ``size`` bytes more the disk would have less left than the reserve.
        """
        if shutil.disk_usage(self._inbox).free - size < self._reserve:
            raise DiskFull(path=self._inbox)

    def _promise(self, owner: str, size: int, arrival_id: str = "", *, counted: bool) -> None:
        """Sees that there is room for ``size`` bytes more beside what is still to come.

        What others have declared holds half of the room at most: a declaration costs nothing. Should all of it come
        after all, each piece that there is no room for is refused, and what is here stays.

        Raises:
            DiskFull: there is not.
            TooManyBegun: as many wait as ``owner`` may have, and this one is ``counted`` among them.
        """
        waiting = [(each, note, more) for each, note, more in self._waiting() if each != arrival_id]
        begun = sum(note.owner == owner and each not in self._passing for each, note, _ in waiting)
        if counted and begun >= self._most:
            raise TooManyBegun(limit=self._most, retry_after=60)
        if size > 0 or not arrival_id:
            own = sum(more for _, note, more in waiting if note.owner == owner)
            others = sum(more for _, note, more in waiting if note.owner != owner)
            room = max(0, shutil.disk_usage(self._inbox).free - self._reserve)
            self.make_room(size + own + min(others, room // 2))

    def _waiting(self) -> Iterator[tuple[str, _Note, int]]:
        """The arrivals whose bytes may still come, and how many of those hold room on the disk."""
        now = datetime.now(UTC)
        for part in self._inbox.glob("*.part"):
            try:
                note, state = self._note(part.stem), part.stat()
                over = note is None or note.ended or self._expires_at(part.stem, note) <= now
            except FileNotFoundError:
                continue  # it has ended just now
            if note is not None and not over:
                moves = now - datetime.fromtimestamp(state.st_mtime, UTC) < MOVING
                yield part.stem, note, max(0, (note.declared or 0) - state.st_size) if moves else 0

    def _mark(self, path: Path) -> None:
        mark = self._doubts(path)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        sync_folder(mark.parent)

    def _end(self, arrival_id: str, recording_id: str = "", problem: str = "") -> None:
        self._hashes.pop(arrival_id, None)
        with self._telling(arrival_id):
            if self._passing.pop(arrival_id, None) is None:
                note = replace(self._known(arrival_id), recording_id=recording_id, problem=problem)
                self._write(arrival_id, replace(note, declared=self.offset(arrival_id)))
            self._part(arrival_id).unlink(missing_ok=True)

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
        with self._telling():
            self._footage.mkdir(parents=True, exist_ok=True)
        with (self._footage / ".lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _lock(self, descriptor: int, arrival_id: str) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArrivalBusy from error
        if not os.fstat(descriptor).st_nlink:
            raise UnknownUpload(name=arrival_id)

    def _is_over(self, arrival_id: str) -> bool:
        if arrival_id in self._passing or self._is_locked(arrival_id):
            return False
        note = self._note(arrival_id)
        if note is not None and (note.ended or self._part(arrival_id).exists()):
            return self._expires_at(arrival_id, note) <= datetime.now(UTC)
        times = [path.stat().st_mtime for path in self._inbox.glob(f"{arrival_id}.*")]
        # Nobody's, but for one that another process is just beginning.
        return datetime.now(UTC) - datetime.fromtimestamp(max(times, default=0), UTC) > _ORPHANED

    def _is_locked(self, arrival_id: str) -> bool:
        try:
            with self._part(arrival_id).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def _known(self, arrival_id: str) -> _Note:
        note = self._note(arrival_id)
        if note is None:
            raise UnknownUpload(name=arrival_id)
        return note

    def _note(self, arrival_id: str) -> _Note | None:
        if not _ID.fullmatch(arrival_id):
            return None
        if arrival_id in self._passing:
            return self._passing[arrival_id]
        try:
            return _Note(**json.loads(self._note_file(arrival_id).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _write(self, arrival_id: str, note: _Note) -> None:
        fresh = self._inbox / f"{arrival_id}.new"
        write_through(fresh, json.dumps(asdict(note)).encode())
        fresh.replace(self._note_file(arrival_id))
        sync_folder(self._inbox)

    def _expires_at(self, arrival_id: str, note: _Note) -> datetime:
        state = (self._note_file(arrival_id) if note.ended else self._part(arrival_id)).stat()
        lifetime = self._lifetime if note.ended or state.st_size else min(self._lifetime, UNBEGUN)
        return datetime.fromtimestamp(state.st_mtime, UTC) + lifetime

    def _part(self, arrival_id: str) -> Path:
        return self._inbox / f"{arrival_id}.part"

    def _note_file(self, arrival_id: str) -> Path:
        return self._inbox / f"{arrival_id}.json"

    def _unproven(self, arrival_id: str) -> Path:
        return self._inbox / f"{arrival_id}.proven"

    def _telling(self, arrival_id: str = "inbox") -> AbstractContextManager[None]:
        return telling(self._part(arrival_id))


@dataclass(frozen=True, slots=True)
class _Note:
    """What stands in an arrival's JSON file; ``created_at`` in ISO 8601."""

    owner: str
    declared: int | None
    metadata: dict[str, str]
    created_at: str
    recording_id: str = ""
    problem: str = ""

    @property
    def ended(self) -> bool:
        return bool(self.recording_id or self.problem)

    def arrival(self, arrival_id: str, expires_at: datetime) -> Arrival:
        return Arrival(
            id=arrival_id,
            owner=self.owner,
            declared=self.declared,
            metadata=self.metadata,
            created_at=datetime.fromisoformat(self.created_at),
            expires_at=expires_at,
            recording_id=self.recording_id,
            problem=self.problem,
        )


def _proven(mark: Path) -> int | None:
    """How many bytes count of a file whose last writer did not come to prove its bytes; None where all do."""
    try:
        text = mark.read_text()
    except FileNotFoundError:
        return None
    # A mark that was cut off by a kill stands beside a file that was not written to yet.
    return int(text) if text.endswith("\n") else None
