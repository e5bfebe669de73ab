"""Files on their way in: sent in pieces, or fetched from an address."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file on its way in. ``declared`` is the length in bytes that was told, None where none was.

    ``metadata`` is what was told of it (title, tags ...), as text. ``expires_at`` is when it is given up, a while after
    its last byte. ``recording_id`` is the recording that it has become, empty before. ``problem`` says why it will not
    become one, empty where it may.
    """

    id: str
    owner: str
    declared: int | None
    metadata: Mapping[str, str]
    created_at: datetime
    expires_at: datetime
    recording_id: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is here as a whole: in the inbox, flushed to the disk. ``digest`` is the SHA-256 of its content."""

    id: str
    path: Path
    digest: str
    size: int


class Incoming(Protocol):
    """An arrival's file, open at its end and locked for one writer."""

    @property
    def size(self) -> int:
        """Bytes of the file, with those that were written now."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """
        Raises:
            DiskFull: the disk would have less left than is to be kept free.
        """
        ...

    def prove(self) -> None:
        """Flushes what was written; of a file that was opened ``unproven`` it counts from now on."""
        ...

    def close(self) -> None:
        """Flushes it to the disk, or undoes it, and lets the next writer in. A second call does nothing."""
        ...


class Inbox(Protocol):
    """Where files arrive, and where they are kept. An arrival's offset is the flushed size of its file, always.

    Raises ``DiskFull`` before the disk is, and ``StorageError`` where it cannot be written. An arrival that is not
    there, or was given up, is an ``UnknownUpload``.
    """

    def begin(self, owner: str, declared: int | None, metadata: Mapping[str, str], *, lasting: bool = True) -> Arrival:
        """A new arrival. One that is not ``lasting`` ends with this process: nobody could go on with it."""
        ...

    def arrival(self, arrival_id: str) -> Arrival | None:
        """None where there is none, or it has been given up."""
        ...

    def arrivals(self) -> tuple[Arrival, ...]:
        """Those that have become nothing yet, the oldest first."""
        ...

    def declare(self, arrival_id: str, length: int) -> Arrival:
        """Writes down its length, which was not told when it began."""
        ...

    def offset(self, arrival_id: str) -> int:
        """How many bytes of it are on the disk, and count."""
        ...

    def open(self, arrival_id: str, offset: int, *, unproven: bool = False) -> Incoming:
        """Its file at ``offset``. What is written ``unproven`` is undone unless it is proven before the file is closed,
        by a kill, too.

        Raises:
            WrongOffset: it is not where the file ends.
            ArrivalBusy: another writer has it.
        """
        ...

    def complete(self, arrival_id: str) -> Arrived:
        """Its content's digest, once all of it is here."""
        ...

    def keep(self, arrived: Arrived, name: str) -> AbstractContextManager[Path]:
        """Where its content is kept from now on, under its digest. Until the block ends nobody clears it away: what
        wants it is to be in the archive by then. The arrival stays, so that it can be kept again after a kill."""
        ...

    def taken(self, arrival_id: str, recording_id: str) -> None:
        """Its bytes go, what was told of it stays for a while, with the recording that it has become."""
        ...

    def fail(self, arrival_id: str, problem: str) -> None:
        """Its bytes go, what was told of it stays for a while, with the reason why it became nothing."""
        ...

    def discard(self, arrival_id: str) -> None:
        """Forgets it; nothing where it is not there."""
        ...

    def sweep(self) -> int:
        """Forgets arrivals that have expired, and what a kill left of others; how many there were."""
        ...

    def doubt(self, path: Path) -> None:
        """Says that a kept file may not be wanted any more; what is forgotten next is not to leave it behind."""
        ...

    def clear(self, wanted: Callable[[], Collection[Path]]) -> int:
        """Removes kept files that were doubted, or whose keeping was cut off, and are not ``wanted``; how many
        there were.

        ``wanted`` is asked while nothing can be added. A file that was never doubted stays, whatever is wanted: a
        database that was set by mistake must not cost anybody's footage.
        """
        ...


class Fetched(Protocol):
    """Footage on its way from an address: what it is called there, and its length where that was told."""

    @property
    def name(self) -> str: ...

    @property
    def length(self) -> int | None: ...

    def blocks(self) -> Iterator[bytes]:
        """Its bytes.

        Raises:
            FetchFailed: they come too slowly, take too long, or break off.
        """
        ...

    def stop(self) -> None:
        """Has ``blocks`` end at once, on whatever thread it waits."""
        ...

    def close(self) -> None: ...


class Fetcher(Protocol):
    """Fetches footage from addresses on the network."""

    def fetch(self, url: str) -> Fetched:
        """What lies there, as soon as its server has answered.

        Raises:
            BadAddress: nothing is fetched from there.
            FetchFailed: the server is not there, or has no such file.
        """
        ...
