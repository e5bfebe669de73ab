"""Looks for the conditions that need no model, and no text to be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from videoqa.alerts import Alert, AlertRule, ConditionKind
from videoqa.analyser.sentry.crossing import CrossingWatch
from videoqa.analyser.sentry.likeness import Gallery
from videoqa.analyser.sentry.motion import SMALLEST, MotionWatch, Moving
from videoqa.analyser.sentry.outlook import Outlook
from videoqa.analyser.sentry.view import Mask, View, mask_of
from videoqa.ports import Sighting

if TYPE_CHECKING:
    from collections.abc import Sequence

_Watch = Callable[[View, Mask, AlertRule], Sighting | None]
KINDS = frozenset(
    {
        ConditionKind.MOTION,
        ConditionKind.STILLNESS,
        ConditionKind.CROSSING,
        ConditionKind.COVERED,
        ConditionKind.TURNED,
    }
)


class SignalWatch:
    """Watches one camera. ``known`` are its alerts, by whose identities the same thing is known again."""

    def __init__(self, known: Sequence[Alert] = ()) -> None:
        self._known = tuple(known)
        self._moving = Moving()
        self._outlook = Outlook()
        self._watches: dict[str, tuple[AlertRule, _Watch]] = {}

    def look(self, view: View, rules: Collection[AlertRule]) -> Mapping[str, Sighting]:
        """What is seen of those of ``rules`` that are about signals."""
        # Learns whether or not anybody asks: a rule that is armed at night is to know the scene by then.
        moving = self._moving.mask(view)
        self._outlook.look(view)
        seen: dict[str, Sighting] = {}
        for rule in rules:
            if rule.condition.kind in KINDS:
                found = self._watch(rule)(view, moving, rule)
                if found is not None:
                    seen[rule.id] = found
        return seen

    def _watch(self, rule: AlertRule) -> _Watch:
        held = self._watches.get(rule.id)
        if held is None or held[0].condition != rule.condition:
            held = self._watches[rule.id] = (rule, self._made(rule))
        return held[1]

    def _made(self, rule: AlertRule) -> _Watch:
        gallery = Gallery(alert.identity for alert in self._known if alert.rule == rule.id)
        match rule.condition.kind:
            case ConditionKind.MOTION:
                return MotionWatch(gallery).look
            case ConditionKind.CROSSING:
                return CrossingWatch(gallery).look
            case ConditionKind.STILLNESS:
                return _still
            case _:
                return lambda view, moving, rule: self._outlook.sighting(rule)


def _still(view: View, moving: Mask, rule: AlertRule) -> Sighting | None:
    inside = moving & mask_of(rule.condition.zone, view.grid)
    if int(np.count_nonzero(inside)) >= SMALLEST:
        return None
    return Sighting(0.8, "nothing has moved", identity="still")
