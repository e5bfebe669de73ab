"""Whether a camera still sees, and sees what it usually does."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from videoqa.alerts import AlertRule, ConditionKind
from videoqa.analyser.sentry.view import View
from videoqa.ports import Sighting

SIZE = (96, 54)
LOST = 0.25
"""A camera is covered where less than this share of the fine structure is left that it usually sees."""
BLANK = 1.5
"""Grey levels of fine structure: a picture with less shows nothing."""
ELSEWHERE = 0.3
"""It is turned where its fine structure has no more than this correlation with the usual one."""
AGREES = 0.6
LOOKS = 3
"""So many looks in a row have to say it: somebody close by, a flash and a damaged frame are over sooner."""
_PACE = 0.05
_FIRST = 5

_Field = NDArray[np.float32]


@dataclass(slots=True)
class Outlook:
    """Learns the usual fine structure of a camera's picture, and counts the looks that do not show it."""

    usual: _Field | None = None
    detail: float = 0.0
    looks: int = 0
    covered: int = 0
    turned: int = 0

    def look(self, view: View) -> None:
        fine = _fine(view)
        detail = float(np.sqrt(np.square(fine).mean()))
        if self.usual is None:
            self.usual, self.detail = fine, detail
        agreement = _correlation(self.usual, fine)
        blank = detail < BLANK
        covered = blank or (detail < LOST * self.detail and agreement < AGREES)
        turned = not covered and agreement < ELSEWHERE
        self.covered = self.covered + 1 if covered else 0
        self.turned = self.turned + 1 if turned else 0
        if not covered and not turned:
            # What was there first may be somebody before the lens: the beginning is learnt fast.
            pace = max(_PACE, 1 / (self.looks + 1)) if self.looks < _FIRST else _PACE
            self.usual = (self.usual + pace * (fine - self.usual)).astype(np.float32)
            self.detail += pace * (detail - self.detail)
            self.looks += 1

    def sighting(self, rule: AlertRule) -> Sighting | None:
        """What it says of a rule about being covered or turned."""
        if rule.condition.kind is ConditionKind.COVERED and self.covered >= LOOKS:
            return Sighting(0.9, "the picture is covered, black or blank", identity="covered")
        if rule.condition.kind is ConditionKind.TURNED and self.turned >= LOOKS:
            return Sighting(0.8, "the camera looks elsewhere than before", identity="turned")
        return None


def _fine(view: View) -> _Field:
    """What of the picture is not light: the difference of each place from its surroundings."""
    luma = cv2.cvtColor(view.small, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(luma, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(small - cv2.blur(small, (9, 9)), np.float32)


def _correlation(one: _Field, other: _Field) -> float:
    power = float(np.square(one).sum() * np.square(other).sum())
    return float((one * other).sum()) / power**0.5 if power else 0.0
