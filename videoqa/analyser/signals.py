"""Says what can be said of footage without a model: text on slides, changes of the picture, motion.

It cannot name objects, people or actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from videoqa.analyser import motion, shots, slides
from videoqa.analyser.grouping import groups
from videoqa.analyser.ocr import TextReader
from videoqa.analyser.sight import see
from videoqa.media import Cue, FrameGroup, Sampling
from videoqa.ports import AnalysisKind, Brief, Look, Pictures

VERSION = 2
MOST_FRAMES = 64
LONGEST = timedelta(minutes=5)


class SignalsAnalyser:
    """Implements the port ``Analyser`` without a model. Its groups are small, so that work is spread and resumed."""

    def __init__(self, sampling: Sampling | None = None) -> None:
        self._sampling = sampling or Sampling()
        self._reader = TextReader()

    @property
    def kind(self) -> AnalysisKind:
        return AnalysisKind.SIGNALS

    @property
    def seen_by(self) -> str:
        return "signals"

    @property
    def in_turn(self) -> bool:
        return False

    @property
    def fingerprint(self) -> str:
        return f"signals-{VERSION} {self._reader.fingerprint}"

    @property
    def sampling(self) -> Sampling:
        return self._sampling

    def plan(
        self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int], length: timedelta
    ) -> tuple[FrameGroup, ...]:
        return groups(times, cues, length, _Bench, overlap=1)

    def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
        sights = [see(pictures.jpeg(pts), pts) for pts in group.times]
        begin = shots.cuts(sights)
        seen = (
            *slides.observed(sights, lambda pts: self._reader.read(pictures.jpeg(pts))),
            *shots.observed(sights, begin),
            *motion.observed(sights, begin),
        )
        return Look(seen)


class _Bench:
    """Room for ``MOST_FRAMES`` frames, or for ``LONGEST`` from the first of the group on; cues take none."""

    def __init__(self) -> None:
        self._frames = 0
        self._first: timedelta | None = None

    def takes_frame(self, pts: timedelta) -> bool:
        if self._frames >= MOST_FRAMES or not self._in_time(pts):
            return False
        self._frames += 1
        return True

    def takes_cue(self, cue: Cue) -> bool:
        return self._in_time(cue.span.start)

    def _in_time(self, moment: timedelta) -> bool:
        if self._first is None:
            self._first = moment
        return moment - self._first <= LONGEST
