"""Knows again what moved before a camera by its colours: enough to tell the next one from the same one once more."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from videoqa.analyser.sentry.view import Mask, Pixels

SAME = 0.9
"""Bhattacharyya coefficient of two histograms, from which on they are of one thing. On real clips different people
reach .66 to .85 and in one case of two .95, the same one seen again .94."""
DIFFERENT = 0.87
LEAST_LOOKS, LEAST_AREA = 2, 60
COMPARABLE = 0.25
"""A part of somebody has other colours than the whole: of so much less area nothing is said."""
KNOWN = 32
_LIGHT, _HUE = 8, 8
_BINS = _LIGHT * _HUE * _HUE
_KEPT = 24
_MARK = "colours:"

Histogram = NDArray[np.float64]


@dataclass(slots=True)
class Looks:
    """What something looks like, gathered from frame to frame: its colours weighted by how much of it was seen."""

    total: Histogram = field(default_factory=lambda: np.zeros(_BINS))
    looks: int = 0
    largest: int = 0

    def add(self, small: Pixels, mask: Mask) -> None:
        """``small`` is RGB of the shape of ``mask``."""
        area = int(mask.sum())
        if area < LEAST_AREA:
            return
        colours = small[mask].reshape(-1, 1, 3)
        lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.int32)
        light = np.clip(lab[:, 0] // (256 // _LIGHT), 0, _LIGHT - 1)
        red, yellow = (np.clip((lab[:, axis] - 128) // 10 + _HUE // 2, 0, _HUE - 1) for axis in (1, 2))
        bins = (light * _HUE + red) * _HUE + yellow
        self.total += np.bincount(bins, minlength=_BINS) / np.sqrt(area)
        self.looks += 1
        self.largest = max(self.largest, area)

    @property
    def told(self) -> bool:
        """False as long as too little was seen to say anything."""
        return self.looks >= LEAST_LOOKS

    @property
    def word(self) -> str:
        """All of it as a word of about 100 characters, by which it is known again after a restart."""
        strongest = np.argsort(-self.total, kind="stable")[:_KEPT]
        shares = np.minimum(255, np.round(255 * np.sqrt(self.total[strongest] / self.total.sum()))).astype(np.uint8)
        kept = strongest[shares > 0].astype("<u2").tobytes() + shares[shares > 0].tobytes()
        return _MARK + urlsafe_b64encode(self.largest.to_bytes(4, "little") + kept).decode()

    @classmethod
    def of_word(cls, word: str) -> Looks | None:
        """None where ``word`` is of something else."""
        try:
            raw = urlsafe_b64decode(word.removeprefix(_MARK)) if word.startswith(_MARK) else b""
        except Error:
            return None
        number, rest = divmod(len(raw) - 4, 3)
        if number < 1 or rest:
            return None
        bins = np.frombuffer(raw, "<u2", number, 4)
        if int(bins.max()) >= _BINS:
            return None
        looks = cls(looks=LEAST_LOOKS, largest=int.from_bytes(raw[:4], "little"))
        looks.total[bins] = np.square(np.frombuffer(raw, np.uint8, number, 4 + 2 * number) / 255)
        return looks

    def likeness(self, other: Looks) -> float:
        """The Bhattacharyya coefficient of the two, 0 to 1."""
        product = np.sqrt(self.total * other.total).sum()
        return float(product / np.sqrt(self.total.sum() * other.total.sum()))


class Gallery:
    """What moved for one rule at one camera lately. ``known`` are identities that were told before."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known: deque[tuple[str, Looks]] = deque(maxlen=KNOWN)
        for word in known:
            looks = Looks.of_word(word)
            if looks is not None and all(word != other for other, _ in self._known):
                self._known.append((word, looks))

    def identity(self, looks: Looks) -> str:
        """That of the one known thing it looks like, or a new one; empty where nothing can be told, or not yet."""
        if not looks.told:
            return ""
        likest = max(self._known, key=lambda known: known[1].likeness(looks), default=None)
        if likest is not None:
            word, other = likest
            likeness = other.likeness(looks)
            if likeness >= SAME:
                return word
            comparable = min(looks.largest, other.largest) >= COMPARABLE * max(looks.largest, other.largest)
            if likeness >= DIFFERENT or not comparable:
                return ""
        word = looks.word
        self._known.append((word, looks))
        return word
