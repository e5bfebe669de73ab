"""Where rules were armed and nobody looked, or nobody knows whether anybody did. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from videoqa.alerting.attention import Attention
from videoqa.alerting.rules import to_watch
from videoqa.alerts import AlertRule
from videoqa.media import ZERO, CoveredSpan, Span
from videoqa.ports import LookedAway

KILLED = "not known: videoqa was killed"
WITHOUT_MODEL = "no model to look with"
_STEP = timedelta(minutes=1)
"""Schedules go by minutes."""


def blind(
    rules: Collection[AlertRule], camera: str, started_at: datetime, length: timedelta, cause: str
) -> tuple[CoveredSpan, ...]:
    """What of a recording of ``camera`` any of ``rules``, as they are now, was armed for, dropped for ``cause``."""
    away: list[LookedAway] = []
    start = ZERO
    while start < length:
        end = min(start + _STEP, length)
        armed = to_watch(rules, camera, started_at + start)
        meant = tuple(sorted(rule.id for rule in armed if rule.added_at < started_at + end))
        if meant:
            away.append(LookedAway(Span(start, end), meant, cause))
        start = end
    return Attention(_STEP).spans(length, away)
