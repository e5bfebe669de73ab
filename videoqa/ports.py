"""What the use cases need of the world. Every port has one contract suite, run on its fake and on each adapter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from videoqa.answers import Filter
from videoqa.events import Chapter, Event, Observation, Passage
from videoqa.media import Coverage, Cue, Frame, FrameGroup, Progress, Recording, RecordingState, Sampling, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    nothing may be planned from.
    """

    length: timedelta
    video: VideoFacts | None
    created_at: datetime | None
    claimed: timedelta | None
    cues: tuple[Cue, ...]
    problems: tuple[str, ...] = ()


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
    """Finds and reads the subtitle files that lie beside a recording."""

    def beside(self, path: str) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        """The cues of every sidecar of ``path``, in order of time, and sentences about what of them was wrong."""
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

    def unchanged(self, path: str, identity: FileIdentity) -> bool:
        """True where size and time of change are still those of ``identity``."""
        ...

    def has(self, path: str, identity: FileIdentity) -> bool:
        """True where a file of the size of ``identity`` lies at ``path``, whenever it was changed."""
        ...


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

    def discard(self, analysis_id: str) -> None: ...

    def analyses(self) -> tuple[str, ...]:
        """The ids of the analyses of which something is kept."""
        ...


class Pictures(Protocol):
    """The kept frames of one analysis. Safe to read from several threads at once."""

    def jpeg(self, pts: timedelta) -> bytes:
        """The frame at ``pts`` as JPEG."""
        ...


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """A group and the tokens it costs a model."""

    group: FrameGroup
    tokens: int


class Analyser(Protocol):
    """Says what is to be seen in a group."""

    @property
    def fingerprint(self) -> str:
        """A word for everything about it that changes what it says: its name, version, model, prompt."""
        ...

    @property
    def sampling(self) -> Sampling: ...

    def plan(
        self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int], length: timedelta
    ) -> tuple[FrameGroup, ...]:
        """The groups it wants the kept frames of a recording of ``length`` in, which together cover all of it.

        ``size`` is the width and height of a frame in pixels. What a frame shows holds until the next kept one.
        """
        ...

    def analyse(self, group: FrameGroup, pictures: Pictures) -> tuple[Observation, ...]:
        """What is to be seen in ``group``. Safe to call from several threads at once."""
        ...


@dataclass(frozen=True, slots=True)
class Analysis:
    """One recording under one fingerprint. ``groups`` is its plan, ``next_group`` the first one not yet recorded."""

    id: str
    recording_id: str
    fingerprint: str
    sampling: Sampling
    times: tuple[timedelta, ...]
    groups: tuple[FrameGroup, ...]
    next_group: int
    finished: bool
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class TimelineChange:
    """What a group did to the events of its analysis. ``opened`` and ``updated`` go on past the group's end."""

    opened: tuple[Event, ...] = ()
    updated: tuple[Event, ...] = ()
    closed: tuple[Event, ...] = ()


class Timeline(Protocol):
    """Decides which event an observation belongs to. Pure: the same input gives the same events and the same ids."""

    def advance(
        self,
        analysis: Analysis,
        group: FrameGroup,
        observations: Sequence[Observation],
        open_events: Sequence[Event],
        earlier: Sequence[Event],
    ) -> TimelineChange:
        """The events after ``group``. ``earlier`` are those of the analysis so far, by which a revisit is known."""
        ...

    def chapters(self, length: timedelta, events: Sequence[Event], cues: Sequence[Cue]) -> tuple[Chapter, ...]: ...


class Passages(Protocol):
    """Makes the texts by which a recording is found. Pure."""

    def __call__(
        self, recording: Recording, events: Sequence[Event], cues: Sequence[Cue], chapters: Sequence[Chapter]
    ) -> tuple[Passage, ...]: ...


class Archive(Protocol):
    """Keeps recordings, their analyses and what these found. Every method is one transaction.

    Raises ``StorageError`` where the data cannot be read or written.
    """

    def add(self, recording: Recording) -> Recording:
        """Adds ``recording``, or returns the one with the same digest that is there already."""
        ...

    def recordings(self) -> tuple[Recording, ...]:
        """Every recording, in the order of their titles."""
        ...

    def recording(self, recording_id: str) -> Recording | None: ...

    def describe(
        self,
        recording_id: str,
        *,
        length: timedelta,
        started_at: datetime | None,
        title: str | None = None,
        source: str | None = None,
    ) -> None:
        """Writes down what was found out of the recording; a ``title`` or ``source`` of None leaves the one it has."""
        ...

    def set_state(self, recording_id: str, state: RecordingState, problems: Sequence[str] | None = None) -> None: ...

    def set_progress(self, recording_id: str, progress: Progress) -> None: ...

    def progress(self, recording_id: str) -> Progress | None:
        """How far the work on the recording has come; None where none was ever reported."""
        ...

    def remove(self, recording_id: str) -> None:
        """Removes the recording with all that was found in it; nothing where it is not there."""
        ...

    def begin(
        self, recording_id: str, fingerprint: str, sampling: Sampling, length: timedelta, cues: Sequence[Cue]
    ) -> str:
        """The id of the unfinished analysis of the recording under ``fingerprint``; begins one where there is none."""
        ...

    def set_plan(
        self,
        analysis_id: str,
        times: Sequence[timedelta],
        groups: Sequence[FrameGroup],
        size: tuple[int, int] | None = None,
    ) -> None:
        """Stores the plan before its first group; ``size`` is the width and height of the kept frames in pixels."""
        ...

    def analysis(self, analysis_id: str) -> Analysis | None: ...

    def finished_analysis(self, recording_id: str) -> Analysis | None: ...

    def open_events(self, analysis_id: str) -> tuple[Event, ...]: ...

    def record(
        self,
        analysis_id: str,
        number: int,
        observations: Sequence[Observation],
        change: TimelineChange,
        failure: str | None,
    ) -> None:
        """Commits group ``number`` once: a second call with a number already recorded changes nothing."""
        ...

    def failures(self, analysis_id: str) -> dict[int, str]:
        """Why each failed group failed, by its number."""
        ...

    def finish(
        self, analysis_id: str, coverage: Coverage, chapters: Sequence[Chapter], passages: Sequence[Passage]
    ) -> None:
        """Ends the analysis and puts it in the place of its predecessor, searchable, in one transaction.

        The recording's state is ``INDEXED`` from then on. A second call changes nothing.
        """
        ...

    def events(self, recording_id: str) -> tuple[Event, ...]:
        """The events of the finished analysis, in order of time."""
        ...

    def analysis_events(self, analysis_id: str) -> tuple[Event, ...]: ...

    def analysis_cues(self, analysis_id: str) -> tuple[Cue, ...]: ...

    def cues(self, recording_id: str) -> tuple[Cue, ...]: ...

    def chapters(self, recording_id: str) -> tuple[Chapter, ...]: ...

    def coverage(self, recording_id: str) -> Coverage | None: ...

    def total_coverage(self, recording_ids: Collection[str]) -> Coverage:
        """The coverages of the recordings added up: the sum of their lengths, and of each state one span, end to end.

        A recording that has no finished analysis adds its length alone.
        """
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may bear a question out.

    ``lexical`` is its BM25 score (0 where it shares no word), ``semantic`` the cosine of question and passage,
    ``matched`` the share, 0 to 1, of the question's inverse document frequencies whose words it holds.
    """

    passage: Passage
    title: str
    lexical: float
    semantic: float
    matched: float


class Search(Protocol):
    """Finds the passages nearest to a question, by words and by sense."""

    def candidates(self, question: str, where: Filter, limit: int) -> tuple[Candidate, ...]:
        """The ``limit`` best by words and the ``limit`` best by sense, each with all figures, without order."""
        ...


class Lexicon(Protocol):
    """What the words of a text are, and what they have in common."""

    def words(self, text: str) -> tuple[str, ...]:
        """The words that carry meaning, in order, as they stand but in lower case; repeats kept."""
        ...

    def term(self, word: str) -> str:
        """What one of ``words`` is indexed as; the forms of one word share it."""
        ...

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of words or passages, float32 of shape (len(texts), n); zeros where nothing is known."""
        ...


class Embedder(Protocol):
    """Turns text into vectors whose dot product is the likeness of the texts."""

    @property
    def name(self) -> str:
        """What it is and of which version; vectors of different names are never compared."""
        ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 of shape (len(texts), dimensions); a text without a known word gives zeros."""
        ...
