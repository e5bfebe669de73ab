"""What the use cases need of a model that is asked about frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from videoqa.events import Usage
from videoqa.media import FrameGroup, Sampling, Span
from videoqa.ports.footage import Pictures


@dataclass(frozen=True, slots=True)
class Finding:
    """What a close look at a proposed moment found.

    ``span`` is the stretch that bears the question out, from the first cited frame to the first one behind the last;
    None where the look rejected the moment. ``frames`` are the cited pts. ``count`` is how many were seen where the
    question counts. ``sentence`` says what is seen; of a rejected moment, why.
    """

    span: Span | None
    frames: tuple[timedelta, ...]
    sentence: str
    confidence: float
    count: int | None = None
    usage: Usage = Usage()


class Grounder(Protocol):
    """Answers about frames that it is shown.

    Every method raises ``ModelUnreachable`` where it does not answer, and another ``ModelError`` where what it says
    cannot be used. Streams yield text as it is written.
    """

    @property
    def seen_by(self) -> str:
        """The name of the model."""
        ...

    @property
    def sampling(self) -> Sampling:
        """How finely it wants a moment of ordinary length."""
        ...

    @property
    def most_frames(self) -> int:
        """How many frames of the size of ``sampling`` one look may hold."""
        ...

    def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
        """Whether ``group`` bears ``question`` out, and exactly when."""
        ...

    def compose(self, question: str, findings: Sequence[tuple[str, Finding]]) -> Iterator[str]:
        """The answer in sentences that each end with the [number] of the finding, from 1 on, that bears it out.

        Each finding comes with where it is: recording and time, in words.
        """
        ...

    def describe(self, group: FrameGroup, pictures: Pictures, prompt: str = "") -> Iterator[str]:
        """All that happens in ``group``, in order, with its times."""
        ...

    def summarise(self, title: str, lines: Sequence[str]) -> Iterator[str]:
        """A summary of a recording from ``lines``, each a time and what happens then; they may be any number."""
        ...
