"""Knows again what a model has told of, by its words."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

from videoqa.timeline.wording import Wording

SAME = 0.55
"""The likeness of two sentences of one model from which on they are of one thing."""
KNOWN = 32
LONGEST = 300
_MARK = "told:"
_TIME = re.compile(r"\d+(?:\.\d+)?\s*(?:seconds?|s\b|秒)|\d+\.\d+")


class Sentences:
    """What was told for one rule at one camera lately. ``known`` are identities from before."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        told = (word.removeprefix(_MARK) for word in known if word.startswith(_MARK))
        self._known: deque[str] = deque(told, maxlen=KNOWN)

    def identity(self, sentence: str) -> str:
        """That of what was told in such words before, or a new one: the sentence itself."""
        said = _TIME.sub("", sentence)[:LONGEST]  # when it was is no part of what it was
        wording = Wording.of(said, "")
        likest = max(self._known, key=lambda other: wording.label_likeness(Wording.of(other, "")), default=None)
        if likest is not None and wording.label_likeness(Wording.of(likest, "")) >= SAME:
            return _MARK + likest
        self._known.append(said)
        return _MARK + said
