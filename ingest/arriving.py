"""What was told of files on their way in, and where their bytes are.

``inbox`` holds of each arrival its bytes so far (``<id>.part``) and what was told of it (``<id>.json``); a lock on the
former is the right to write.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.incoming import sync_folder, write_through
from videoqa.errors import UnknownUpload
from videoqa.ports import Arrival

LIFETIME = timedelta(days=1)
UNBEGUN = timedelta(hours=1)
"""How long an arrival is kept of which nothing has come: whoever begins one has its first byte at hand."""
MOVING = timedelta(minutes=10)
"""What was declared of an arrival holds room on the disk as long as its last byte is no older: a line that broke has
been tried again by then, and who has never sent anything is not to keep others from it."""
_ORPHANED = timedelta(minutes=2)
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Note:
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


class Notes:
    """What was told of the arrivals of one folder.

    Attributes:
        passing: what was told of those that end with this process, and of which nothing is written down.
    """

    def __init__(self, folder: Path, lifetime: timedelta = LIFETIME) -> None:
        self.folder = folder
        self.lifetime = lifetime
        self.passing: dict[str, Note] = {}

    def known(self, arrival_id: str) -> Note:
        note = self.note(arrival_id)
        if note is None:
            raise UnknownUpload(name=arrival_id)
        return note

    def note(self, arrival_id: str) -> Note | None:
        if not _ID.fullmatch(arrival_id):
            return None
        if arrival_id in self.passing:
            return self.passing[arrival_id]
        try:
            return Note(**json.loads(self.told_in(arrival_id).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, arrival_id: str, note: Note) -> None:
        fresh = self.folder / f"{arrival_id}.new"
        write_through(fresh, json.dumps(asdict(note)).encode())
        fresh.replace(self.told_in(arrival_id))
        sync_folder(self.folder)

    def expires_at(self, arrival_id: str, note: Note) -> datetime:
        state = (self.told_in(arrival_id) if note.ended else self.part(arrival_id)).stat()
        lifetime = self.lifetime if note.ended or state.st_size else min(self.lifetime, UNBEGUN)
        return datetime.fromtimestamp(state.st_mtime, UTC) + lifetime

    def part(self, arrival_id: str) -> Path:
        return self.folder / f"{arrival_id}.part"

    def told_in(self, arrival_id: str) -> Path:
        return self.folder / f"{arrival_id}.json"

    def unproven(self, arrival_id: str) -> Path:
        return self.folder / f"{arrival_id}.proven"

    def waiting(self) -> Iterator[tuple[str, Note, int]]:
        """The arrivals whose bytes may still come, and how many of those hold room on the disk."""
        now = datetime.now(UTC)
        for part in self.folder.glob("*.part"):
            try:
                note, state = self.note(part.stem), part.stat()
                over = note is None or note.ended or self.expires_at(part.stem, note) <= now
            except FileNotFoundError:
                continue  # it has ended just now
            if note is not None and not over:
                moves = now - datetime.fromtimestamp(state.st_mtime, UTC) < MOVING
                yield part.stem, note, max(0, (note.declared or 0) - state.st_size) if moves else 0

    def drop(self, arrival_id: str) -> None:
        """Forgets the arrival, and removes its bytes."""
        self.passing.pop(arrival_id, None)
        if _ID.fullmatch(arrival_id):
            for path in (self.told_in(arrival_id), self.unproven(arrival_id), self.part(arrival_id)):
                path.unlink(missing_ok=True)

    def over(self) -> tuple[str, ...]:
        """The ids of arrivals that have expired, and of what a kill left of others."""
        ids = {path.name.partition(".")[0] for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        return tuple(each for each in sorted(ids) if self._is_over(each))

    def _is_over(self, arrival_id: str) -> bool:
        if arrival_id in self.passing or self._is_locked(arrival_id):
            return False
        note = self.note(arrival_id)
        if note is not None and (note.ended or self.part(arrival_id).exists()):
            return self.expires_at(arrival_id, note) <= datetime.now(UTC)
        times = [path.stat().st_mtime for path in self.folder.glob(f"{arrival_id}.*")]
        # Nobody's, but for one that another process is just beginning.
        return datetime.now(UTC) - datetime.fromtimestamp(max(times, default=0), UTC) > _ORPHANED

    def _is_locked(self, arrival_id: str) -> bool:
        try:
            with self.part(arrival_id).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False
