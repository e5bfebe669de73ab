"""Small changes that keep coming back at one place: the characters of a burned-in clock, a lamp that blinks."""

from __future__ import annotations

import cv2
import numpy as np

from ingest.gate.background import Field, Mask, spread
from ingest.gate.blobs import Blob

AREA = 80
"""Places: a change as small as a character can become a habit, where it is the only one in the frame."""
TIMES = 2.0
"""After so many changes at one place the next one there, or in the line of characters it belongs to, is no news."""
FADING = 0.998
LINE = 28
"""Places: a clock's line of characters goes on at least so far beside the digit that was seen to change."""


class Habit:
    """How used one has become to changes at each place; ``places`` counts them, fading."""

    def __init__(self, places: Field) -> None:
        self.places = places

    def covers(self, blob: Blob) -> bool:
        """True where ``blob`` is small enough for a habit and is one."""
        return blob.area < AREA and float(blob.of(self.places).max()) > TIMES - 0.5

    def grow(self, changed: Mask) -> None:
        """Takes in small changes that came and stayed. A second one at the same place is a clock's: so is its line."""
        self.places *= FADING
        if not changed.any():
            return
        self.places += spread(changed.astype(np.float32), 3)
        repeated = ((self.places > TIMES - 0.5) & changed).astype(np.uint8)
        line = np.asarray(cv2.dilate(repeated, np.ones((5, 2 * LINE + 1), np.uint8)), np.float32)
        np.minimum(np.maximum(self.places, TIMES * line), 2 * TIMES, out=self.places)
