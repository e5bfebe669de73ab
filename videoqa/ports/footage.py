"""What the use cases need of footage and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from videoqa.media import ZERO, Cue, Frame, Recording, Sampling, Span


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What the packets of the best video stream say: its size in pixels as shown (rotation applied) and its codec."""

    width: int
    height: int
    codec: str


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a file is, by its packets. ``video`` is None for sound alone; ``length`` is where its last packet ends.

    ``created_at`` is the container's own creation time in UTC or None; ``claimed`` is the duration it states, which
    nothing may be planned from. ``sound`` is True where it has an audio stream, ``leaps`` where its time stamps leap,
    so that no time in it can be sought.
    """

    length: timedelta
    video: VideoFacts | None
    created_at: datetime | None
    claimed: timedelta | None
    cues: tuple[Cue, ...]
    problems: tuple[str, ...] = ()
    sound: bool = False
    leaps: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a survey may be begun again: with the instant at ``pts`` as its first.

    ``gate`` is what the gate had learnt before that instant, so that a survey in two parts keeps the very frames that
    one in a single part keeps.
    """

    pts: timedelta
    gate: bytes = b""


@dataclass(frozen=True, slots=True)
class Sampled:
    """What became of one sampled instant, in the order of the footage.

    ``frame`` is the picture where it showed something new, None where the gate held it back as static.
    """

    pts: timedelta
    frame: Frame | None
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A stretch that could not be sampled: the packets of it are missing (gap) or do not decode (failed)."""

    span: Span
    reason: str
    failed: bool


class FootageReader(Protocol):
    """Opens untrusted footage; whatever the file does, only an error of ``BadMedia`` comes out."""

    @property
    def fingerprint(self) -> str:
        """A word for everything about it that changes which frames are kept: its decoder, the version of its gate."""
        ...

    def probe(self, path: str) -> MediaFacts:
        """What ``path`` is. One pass over its packets, nothing decoded but its subtitle tracks."""
        ...

    def survey(
        self, path: str, sampling: Sampling, *, gated: bool = True, since: Checkpoint | None = None
    ) -> AbstractContextManager[Iterator[Sampled | Unread]]:
        """Frames of ``path`` in the order of their pts, from ``since`` on. Leaving ends it."""
        ...


class CueReader(Protocol):
    """Finds and reads the subtitle files of a recording: those beside it, and those that were brought for it."""

    def beside(self, path: str, recording_id: str) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        """The cues, in order of time, and sentences about what of the files was wrong.

        What was brought for the recording goes before a sidecar of ``path`` in the same language.
        """
        ...

    def bring(self, path: str, recording_id: str) -> tuple[str, ...]:
        """Keeps the sidecars of ``path`` for the recording, as though brought for it; what was wrong with them."""
        ...


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A file as it was when it was first read: the SHA-256 of its content, its size in bytes, when it was changed."""

    digest: str
    size: int
    modified_ns: int


class Files(Protocol):
    """Tells files apart by content."""

    def identify(self, path: str) -> FileIdentity:
        """Reads the whole file.

        Raises:
            NoSuchFile: it cannot be read.
            SourceChanged: it was written to meanwhile.
        """
        ...

    def kept(self, path: str, digest: str) -> FileIdentity:
        """The identity of a file that is kept under its digest, where nobody else writes. It is not read.

        Raises:
            NoSuchFile: it is not there.
        """
        ...

    def unchanged(self, path: str, identity: FileIdentity) -> bool:
        """True where size and time of change are still those of ``identity``."""
        ...

    def has(self, path: str, identity: FileIdentity) -> bool:
        """True where a file of the size of ``identity`` lies at ``path``, whenever it was changed."""
        ...


class Pictures(Protocol):
    """The kept frames of one analysis. Safe to read from several threads at once."""

    def jpeg(self, pts: timedelta) -> bytes:
        """The frame at ``pts`` as JPEG."""
        ...


@dataclass(frozen=True, slots=True)
class Closeup:
    """Frames taken anew from a short span: their pts, rising, their width and height in pixels, and the pictures."""

    times: tuple[timedelta, ...]
    size: tuple[int, int]
    pictures: Pictures


class Closeups(Protocol):
    """Looks again at a span of a recording, more finely than it was surveyed."""

    def take(self, recording: Recording, span: Span, sampling: Sampling) -> Closeup:
        """Every frame of ``span`` by ``sampling``, none held back. The same call gives the same bytes.

        Where there is none in ``span`` it is the last one before, if that is still on show.

        Raises:
            EmptyFootage: there is no picture there, or none that decodes.
            BadMedia: the file is gone, was changed, or cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sound:
    """At most half a minute of sound without a hole: 16-bit little-endian PCM, one channel, ``RATE`` samples a second.

    ``start`` is where on the recording's clock its first sample is; ``loud`` are the spans, on that clock too, in which
    it stands out from the silence or noise around.
    """

    start: timedelta
    samples: bytes | memoryview
    loud: tuple[Span, ...]

    RATE: ClassVar[int] = 16_000

    @property
    def span(self) -> Span:
        return Span(self.start, self.start + timedelta(microseconds=len(self.samples) // 2 * 1_000_000 // self.RATE))


class SoundReader(Protocol):
    """Opens the sound of untrusted footage; whatever the file does, only an error of ``BadMedia`` comes out."""

    @property
    def sound_fingerprint(self) -> str:
        """A word for everything about it that changes where sound is cut and what is left out."""
        ...

    def sounds(self, path: str, since: timedelta = ZERO) -> AbstractContextManager[Iterator[Sound]]:
        """What is to be heard in ``path``, cut at its pauses, in order of time; silence and even noise are left out.

        ``since`` leaves out what begins before it; the rest is cut as it is without. Leaving ends it.
        """
        ...


class Transcriber(Protocol):
    """Writes down what is said in a recording."""

    @property
    def fingerprint(self) -> str:
        """A word for everything about it that changes what it writes."""
        ...

    def describe(self) -> str:
        """The model and where it is, for `doctor`.

        Raises:
            ModelError: it cannot write anything down as it is.
        """
        ...

    def transcribe(
        self, path: str, identity: FileIdentity, tell: Callable[[timedelta], None] | None = None
    ) -> tuple[Cue, ...]:
        """What is said in the sound of ``path``, in order of time; kept, so that a second call costs nothing.

        ``tell`` is told up to where it was written down by now. What it raises ends the work; another call goes on
        from there.

        Raises:
            ModelError: it cannot be written down now.
            BadMedia: the sound cannot be read.
        """
        ...
