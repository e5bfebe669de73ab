"""What the decoding child tells its parent, beside what it found in the file."""

from __future__ import annotations

from dataclasses import dataclass

from videoqa import errors
from videoqa.media import Span
from videoqa.ports import MediaFacts, Sampled, Sound, Unread


@dataclass(frozen=True, slots=True)
class Working:
    """Nothing to tell yet; the work goes on."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The work ended with this error."""

    error: errors.VideoqaError


@dataclass(frozen=True, slots=True)
class Done:
    """Everything was told."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What holds the child back, by the names `doctor` prints."""

    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a clip that stand ``offset`` bytes from its beginning; what was told of them before is overwritten."""

    offset: int
    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class CutMade:
    """The clip is whole: what of the recording it holds, and whether its pictures were copied bit for bit."""

    span: Span
    copied: bool


Message = MediaFacts | Sampled | Unread | Sound | Part | CutMade | Working | Failed | Done | Confinement
