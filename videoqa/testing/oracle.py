"""An analyser that knows the truth."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from videoqa.errors import BadReply
from videoqa.events import Observation, Source
from videoqa.media import ZERO, Cue, FrameGroup, Sampling, Span
from videoqa.ports import AnalysisKind, Brief, Look, Pictures, Usage

_A_MOMENT = timedelta(milliseconds=1)
Words = Callable[[str, str], str]
"""How a text is told: from the text and the occasion, which is another for every group."""
Pairs = Callable[[Sequence[timedelta]], Sequence[tuple[timedelta, ...]]]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that truly happens, and when."""

    label: str
    description: str
    span: Span
    confidence: float = 1.0


def plainly(text: str, occasion: str) -> str:
    return text


def alone(times: Sequence[timedelta]) -> Sequence[tuple[timedelta, ...]]:
    return [(pts,) for pts in times]


class OracleAnalyser:
    """Implements the port ``Analyser``: it says of each group exactly what its frames show of ``truth``.

    Args:
        most_frames: of one group.
        overlap: frames that a group shares with the one before, fewer than ``most_frames``.
        words: how its labels and descriptions are told.
        failing: the numbers of the groups at which it fails.
        pairs: how frames are shown it two by two, as they are to a model, of which it cannot tell one from the other.
    """

    def __init__(
        self,
        truth: Sequence[Happening],
        *,
        most_frames: int = 16,
        overlap: int = 2,
        words: Words = plainly,
        failing: Collection[int] = (),
        pairs: Pairs = alone,
        sampling: Sampling | None = None,
    ) -> None:
        if not 0 <= overlap < most_frames:
            raise ValueError(f"groups of {most_frames} frames cannot share {overlap}")
        self.failing = failing
        self._truth = tuple(truth)
        self._most, self._overlap = most_frames, overlap
        self._words = words
        self._pairs = pairs
        self._sampling = sampling or Sampling()

    @property
    def kind(self) -> AnalysisKind:
        return AnalysisKind.MODEL

    @property
    def seen_by(self) -> str:
        return "oracle"

    @property
    def in_turn(self) -> bool:
        return False

    @property
    def fingerprint(self) -> str:
        return "oracle-1"

    @property
    def sampling(self) -> Sampling:
        return self._sampling

    def plan(
        self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int], length: timedelta
    ) -> tuple[FrameGroup, ...]:
        """Groups of equally many frames, the last one perhaps fewer; without frames, one of all the cues."""
        if not times:
            return (FrameGroup(0, Span(ZERO, length), (), tuple(cues)),) if cues else ()
        firsts = range(0, max(len(times) - self._overlap, 1), self._most - self._overlap)
        planned: list[FrameGroup] = []
        for first in firsts:
            held = tuple(times[first : first + self._most])
            behind = first + self._most
            begin = held[0] if planned else ZERO
            end = times[behind] if behind < len(times) else max(length, held[-1] + _A_MOMENT)
            span = Span(begin, end)
            spoken = tuple(cue for cue in cues if cue.span.overlaps(span))
            planned.append(FrameGroup(len(planned), span, held, spoken))
        return tuple(planned)

    def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
        """What the frames of ``group`` show; the pictures are not needed for it.

        Raises:
            BadReply: it is one of the groups at which it fails.
        """
        if group.number in self.failing:
            raise BadReply(problem="the oracle is silent")
        seen = tuple(
            observation
            for number, happening in enumerate(self._truth)
            if (observation := self._observed(group, happening, f"{group.number} {number}")) is not None
        )
        return Look(seen, ", ".join(observation.label for observation in seen), Usage(completion_tokens=len(seen)))

    def _observed(self, group: FrameGroup, happening: Happening, occasion: str) -> Observation | None:
        pairs = self._pairs(group.times)
        showing = [pair for pair in pairs if any(happening.span.start <= pts < happening.span.end for pts in pair)]
        if not showing:
            return None
        shown = tuple(sorted({pts for pair in showing for pts in pair}))
        return Observation(
            self._words(happening.label, occasion),
            self._words(happening.description, occasion),
            Source.MODEL,
            shown,
            happening.confidence,
            lasts_until=next((pts for pts in group.times if pts > shown[-1]), None),
        )


class Paraphraser:
    """Tells a text in other words of the same sense, as models do: the same for the same seed, text and occasion.

    Words change their form and their places, some give way to others of the same sense, and of a sentence some are left
    out; of a label none is.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, text: str, occasion: str) -> str:
        chance = random.Random(f"{self._seed} {occasion} {text}")  # noqa: S311  nobody's secret
        if _HAN.search(text):
            return chance.choice([text, f"一个{text}", f"{text}。", f"有{text}", f"{text}可见"])
        words = [self._form(word, chance) for word in text.rstrip(".").split()]
        if len(words) > _LABEL_WORDS:
            left_out = set(chance.sample(range(len(words)), len(words) // 4))
            words = [word for number, word in enumerate(words) if number not in left_out]
        elif len(words) > 1 and chance.random() < 0.3:
            words = [*words[1:-1], f"{words[-1]},", words[0]]
        told = " ".join([*chance.choice([[], ["a"], ["the"]]), *words])
        return chance.choice([told, told.capitalize(), told.upper(), f"{told}."])

    def _form(self, word: str, chance: random.Random) -> str:
        told = chance.choice(_SENSES.get(word.casefold(), (word,)))
        plural = len(told) > _SHORT_WORD and told.isalpha() and not told.endswith(("s", "y"))
        return chance.choice([told, told, f"{told}s"]) if plural else told


_HAN = re.compile(r"[\u3400-\u9fff]")
_LABEL_WORDS = 5
_SHORT_WORD = 3
_SENSES = {
    "car": ("car", "sedan", "automobile"),
    "person": ("person", "man", "pedestrian", "somebody"),
    "truck": ("truck", "lorry"),
    "gray": ("gray", "grey", "silver"),
}
