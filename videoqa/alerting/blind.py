"""Where rules are armed and nobody looks, or nobody knows whether anybody did. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from videoqa.alerting.attention import Attention
from videoqa.alerting.causes import named
from videoqa.alerting.rules import to_watch
from videoqa.alerting.unjudged import Unjudged
from videoqa.alerts import AlertRule
from videoqa.cameras import CameraStatus
from videoqa.media import ZERO, CoveredSpan, Recording, RecordingState, Span
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


def unjudged_yet(
    status: CameraStatus | None, recordings: Iterable[Recording], rules: Collection[AlertRule], names: Mapping[str, str]
) -> tuple[Unjudged, ...]:
    """What of that of ``recordings`` that is under way nobody could look at for ``rules``, for want of a model.

    ``status`` is that of their camera; ``names`` are as in ``unjudged``, which tells of it once it has ended.
    """
    if status is None or status.last_frame_at is None:
        return ()
    until = status.last_frame_at
    return tuple(
        Unjudged(began + covered.span.start, began + covered.span.end, named(covered.cause, names))
        for recording in recordings
        if recording.id == status.recording and recording.state is RecordingState.RECORDING
        if (began := recording.started_at) is not None and began < until
        for covered in blind(rules, recording.camera, began, until - began, WITHOUT_MODEL)
    )
