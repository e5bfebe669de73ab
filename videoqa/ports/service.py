"""What the service needs beside the archive: keys, arriving files, clips, and the books it keeps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from videoqa.access import Key, Role, Scope
from videoqa.events import Usage
from videoqa.media import Recording, Span


class Keys(Protocol):
    """Access keys. A secret is shown once and kept as a hash."""

    def create(self, name: str, role: Role, scope: Scope) -> tuple[Key, str]:
        """The new key and its secret.

        Raises:
            NameTaken: a key that is in force is called so.
        """
        ...

    def keys(self) -> tuple[Key, ...]:
        """Every key, revoked ones too, the oldest first."""
        ...

    def revoke(self, name_or_id: str) -> Key:
        """
        Raises:
            UnknownKey: no key in force is called so.
        """
        ...

    def holder(self, secret: str) -> Key | None:
        """The key in force whose secret this is."""
        ...


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


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """A subtitle file brought for a recording: ``size`` in bytes, ``language`` None where its name has none."""

    name: str
    language: str | None
    size: int


class Subtitles(Protocol):
    """The subtitle files that were brought for recordings, one a language each. What was put survives a kill."""

    def check(self, name: str, content: bytes) -> None:
        """
        Raises:
            BadSubtitles: nothing can be read in it, or it is not called like one.
            SubtitlesTooLarge: it is larger than any.
        """
        ...

    def put(self, recording_id: str, name: str, content: bytes) -> bool:
        """Keeps it in the place of the one in its language; False where that was the very same.

        Raises:
            BadSubtitles: nothing can be read in it, or it is not called like one.
            SubtitlesTooLarge: it is larger than any.
            DiskFull: the disk would have less left than is to be kept free.
        """
        ...

    def files(self, recording_id: str) -> tuple[SubtitleFile, ...]:
        """By their names."""
        ...

    def content(self, recording_id: str, name: str) -> bytes:
        """
        Raises:
            UnknownSubtitles: there is none of that name.
        """
        ...

    def drop(self, recording_id: str, name: str) -> None:
        """
        Raises:
            UnknownSubtitles: there is none of that name.
        """
        ...

    def word(self, recording_id: str) -> str:
        """A word that is another one whenever the files are; empty where there are none."""
        ...

    def forget(self, recording_id: str) -> None:
        """Removes all of the recording's; nothing where there are none."""
        ...

    def clear(self, wanted: Callable[[], Collection[str]]) -> int:
        """Removes those of recordings that are not ``wanted``, by their ids; of how many there were some.

        ``wanted`` is asked after it was seen of which there are some: nothing is brought for what is not there yet.
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


@dataclass(frozen=True, slots=True)
class Cut:
    """An MP4 of a stretch of a recording, at ``path``. Its second 0 is the start of ``span`` on the recording's clock.

    ``copied`` where its pictures are those of the recording, bit for bit; otherwise they were encoded anew, smaller.
    """

    path: Path
    span: Span
    copied: bool


class Clips(Protocol):
    """Footage to be shown. Raises ``BadMedia`` where it cannot be read, is gone, or is no longer what was indexed."""

    def original(self, recording: Recording) -> BinaryIO:
        """The recording's own file, open for reading."""
        ...

    def thumbnail(self, recording: Recording, at: timedelta, long_side: int = 480) -> bytes:
        """The frame on show at ``at`` as JPEG."""
        ...

    def clip(self, recording: Recording, span: Span, *, anew: bool = False) -> Cut:
        """An MP4 of ``span`` without re-encoding: it begins at the last keyframe at or before its start.

        Where the codec does not go into MP4, or that keyframe is more than a minute before, it is encoded anew, small,
        and begins at the start itself. ``anew`` asks for that: as H.264, which every player knows.

        Raises:
            ClipTooLong: it is longer than what is cut at once.
        """
        ...


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer that was given to a caller: ``document`` is the JSON that was sent, ``usage`` what it cost.

    ``right`` is the caller's verdict, None while there is none.
    """

    id: str
    owner: str
    asked_at: datetime
    question: str
    document: str
    usage: Usage
    right: bool | None = None
    note: str = ""


class AnswerLog(Protocol):
    """The answers that were given, what they cost and what those who asked thought of them."""

    def add(self, given: GivenAnswer) -> None: ...

    def given(self, answer_id: str) -> GivenAnswer | None: ...

    def judge(self, answer_id: str, *, right: bool, note: str) -> None: ...

    def judged(self) -> Iterator[GivenAnswer]:
        """Those with a verdict, the oldest first: for tuning."""
        ...

    def usage(self, owners: Collection[str] | None = None) -> Mapping[str, Usage]:
        """What answers cost, by the key that asked."""
        ...


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what: a line of the audit log. ``outcome`` is the HTTP status it came to."""

    at: datetime
    key_id: str
    key_name: str
    address: str
    action: str
    subject: str
    request_id: str
    outcome: int


class AuditLog(Protocol):
    """Who did what to which object, in the order it was done."""

    def write(self, deed: Deed) -> None: ...

    def deeds(self, before: datetime | None = None, limit: int = 100) -> Sequence[Deed]:
        """The youngest first."""
        ...
