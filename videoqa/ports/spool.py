"""Where kept frames wait for their analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from videoqa.ports.analysis import RecordedLook
from videoqa.ports.footage import Checkpoint, Pictures, Sampled, Unread


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a survey saw. ``kept`` and ``static`` are pts, rising; ``dropped`` are those for which there was no room."""

    kept: tuple[timedelta, ...]
    static: tuple[timedelta, ...]
    dropped: tuple[timedelta, ...]
    unread: tuple[Unread, ...]
    size: tuple[int, int] | None


class Spool(Protocol):
    """Keeps the frames of one analysis between its survey and its end, on disk, bounded.

    Raises ``StorageError`` where the disk cannot be written.
    """

    def is_finished(self, analysis_id: str) -> bool:
        """True where the survey has come to its end."""
        ...

    def resume_at(self, analysis_id: str) -> Checkpoint | None:
        """The last checkpoint of a survey that was stopped; None where it is to begin at the beginning."""
        ...

    def add(self, analysis_id: str, item: Sampled | Unread) -> None:
        """Keeps ``item``. What was added before the last checkpoint survives a kill, what came after is forgotten."""
        ...

    def finish(self, analysis_id: str) -> None: ...

    def surveyed(self, analysis_id: str) -> Surveyed: ...

    def pictures(self, analysis_id: str) -> Pictures: ...

    def put_by(self, analysis_id: str, number: int, recorded: RecordedLook) -> None:
        """Keeps the look at group ``number`` through a kill, until those before it are there and it can be recorded."""
        ...

    def put_by_already(self, analysis_id: str) -> Mapping[int, RecordedLook]:
        """The looks that are kept so, by the number of the group."""
        ...

    def discard(self, analysis_id: str) -> None: ...

    def analyses(self) -> tuple[str, ...]:
        """The ids of the analyses of which something is kept."""
        ...
