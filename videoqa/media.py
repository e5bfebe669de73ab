"""Footage: recordings, frames, cues, groups of frames, and what of them was looked at.

Every time is a ``timedelta`` from the start of its recording; every span is half-open, ``[start, end)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

ZERO = timedelta(0)
SPEECH_TRACK = "speech"
"""What the track of a cue begins with that was written down from sound."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch ``[start, end)`` of one recording; never empty, never before its start."""

    start: timedelta
    end: timedelta

    def __post_init__(self) -> None:
        if self.start < ZERO:
            raise ValueError(f"a span starts at {self.start}, before its recording")
        if self.end <= self.start:
            raise ValueError(f"a span ends at {self.end}, not after its start {self.start}")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end

    def touches(self, other: Span, within: timedelta = ZERO) -> bool:
        """True where the two overlap or lie at most ``within`` apart."""
        return self.start <= other.end + within and other.start <= self.end + within

    def union(self, other: Span) -> Span:
        """The shortest span that holds both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def intersection(self, other: Span) -> Span | None:
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


class RecordingState(StrEnum):
    """Where a recording stands on its way to being searchable; ``recording`` while its camera still adds to it."""

    RECORDING = "recording"
    QUEUED = "queued"
    INDEXING = "indexing"
    INDEXED = "indexed"
    FAILED = "failed"


UNHEARD = "speech not transcribed"
"""How the problem of a recording begins whose sound nobody could write down."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One continuous stretch of footage with one time line.

    ``source`` is the absolute path it was read from, ``digest`` the hexadecimal content digest by which the same file
    is known again, ``length`` what its packets cover (never what its container claims).
    ``started_at`` is an aware UTC datetime, or None where the wall clock is unknown.
    ``problems`` are plain sentences about what of it could not be read; a failed recording's reason is the last one.
    ``prompt`` is what a model is to look for in it above all.
    ``tags`` are words it was given, sorted; ``camera`` is the id of the camera that took it, empty for a file's.
    ``added_at`` is when the archive first knew it; ``owner`` the id of the key that brought it, empty where no key did.
    ``kept`` says that the file is videoqa's own and goes with the recording.
    ``space`` divides keys that must not learn of one another's footage: the same content is another recording in
    another space.
    """

    id: str
    title: str
    source: str
    digest: str
    length: timedelta
    state: RecordingState
    started_at: datetime | None = None
    problems: tuple[str, ...] = ()
    prompt: str = ""
    tags: tuple[str, ...] = ()
    camera: str = ""
    added_at: datetime | None = None
    owner: str = ""
    kept: bool = False
    space: str = ""

    def __post_init__(self) -> None:
        if self.started_at is not None and self.started_at.utcoffset() != ZERO:
            raise ValueError("started_at is an aware UTC datetime, or None where the wall clock is unknown")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work on a recording has come: its stage, and the share of that which is done, 0 to 1."""

    stage: str
    done: float


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: ``pixels`` is ``height * width * 3`` bytes of 8-bit RGB, row by row from the top."""

    width: int
    height: int
    pixels: bytes | memoryview

    def __post_init__(self) -> None:
        if len(self.pixels) != self.width * self.height * 3:
            raise ValueError(f"{len(self.pixels)} bytes are not a {self.width}x{self.height} RGB picture")


@dataclass(frozen=True, slots=True)
class Frame:
    """One sampled picture and its presentation time from the recording's start."""

    pts: timedelta
    picture: Picture


@dataclass(frozen=True, slots=True)
class Cue:
    """A timed line of text that came with the footage: a subtitle, a line of a transcript.

    ``language`` is a BCP 47 tag, or None where it is not known; ``track`` names where the line came from.
    """

    span: Span
    text: str
    language: str | None = None
    track: str = ""

    @property
    def transcribed(self) -> bool:
        """True where it was written down by a speech model; a file may be called "speech.srt" all the same."""
        return self.track.startswith(SPEECH_TRACK) and not self.track.lower().endswith((".srt", ".vtt"))


@dataclass(frozen=True, slots=True)
class Sampling:
    """How densely and how large frames are taken from footage.

    One frame every ``period``; pictures keep their shape, no side is longer than ``long_side``, and both sides are
    multiples of ``multiple`` (the model's grid), never larger than the footage rounded up to that grid.
    With ``keyframes_only`` no frame is taken that needs another one to be decoded: the cheapest, and as sparse as the
    footage's keyframes are.
    """

    period: timedelta = timedelta(seconds=1)
    long_side: int = 768
    multiple: int = 32
    keyframes_only: bool = False

    def __post_init__(self) -> None:
        if self.period <= ZERO:
            raise ValueError("a sampling period is longer than nothing")
        if self.multiple < 1 or self.long_side < self.multiple:
            raise ValueError(f"no picture with sides that are multiples of {self.multiple} fits in {self.long_side}")


@dataclass(frozen=True, slots=True)
class FrameGroup:
    """The frames and cues that are analysed together, in the order of the plan.

    ``times`` are the pts of its frames, rising; either of ``times`` and ``cues`` may be empty, not both. Frames are
    read by time from the spool, so that a group of thousands of them stays small.
    """

    number: int
    span: Span
    times: tuple[timedelta, ...]
    cues: tuple[Cue, ...] = ()

    def __post_init__(self) -> None:
        if not self.times and not self.cues:
            raise ValueError("a group holds frames or cues")
        if any(later <= earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("the frames of a group follow one another in time")


class CoverageState(StrEnum):
    """What became of a stretch of footage."""

    ANALYSED = "analysed"
    STATIC = "static"
    GAP = "gap"
    DROPPED = "dropped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CoveredSpan:
    """One stretch of footage and what became of it; ``frames`` counts those that were looked at inside.

    ``cause`` says why it was not looked at, empty where that is not known, or the state says it all.
    """

    span: Span
    state: CoverageState
    frames: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which spans of a recording were looked at, how densely, and which were not. The spans do not overlap."""

    length: timedelta
    spans: tuple[CoveredSpan, ...] = field(default=())

    @classmethod
    def of_totals(cls, length: timedelta, totals: Mapping[CoverageState, timedelta]) -> Self:
        """Of each state one span of its total length, end to end: for what is added up from many recordings."""
        spans, start = list[CoveredSpan](), ZERO
        for state, total in totals.items():
            if total:
                spans.append(CoveredSpan(Span(start, start + total), state))
                start += total
        return cls(length, tuple(spans))

    def total(self, state: CoverageState) -> timedelta:
        return sum((covered.span.length for covered in self.spans if covered.state is state), ZERO)

    @property
    def analysed(self) -> timedelta:
        return self.total(CoverageState.ANALYSED)
