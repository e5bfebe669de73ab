"""When moments happened: which of several recordings' came first, and how that is said. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from videoqa.answers import Moment
from videoqa.media import Recording
from videoqa.times import clock_span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def in_order(
    moments: Collection[Moment], recordings: Sequence[Recording]
) -> Callable[[Moment], tuple[timedelta, timedelta]]:
    """The key by which ``moments`` are sorted: their wall clock where that of all of them is known, or else their
    times in their recordings.
    """
    began = {each.id: each.started_at - _EPOCH for each in recordings if each.started_at is not None}
    if not all(moment.recording_id in began for moment in moments):
        return lambda moment: (moment.span.start, moment.span.end)
    return lambda moment: (began[moment.recording_id] + moment.span.start, moment.span.end)


def when(moment: Moment, recordings: Sequence[Recording], zone: tzinfo) -> str:
    """Where ``moment`` lies, and of a camera's footage first when that was."""
    where = f"{clock_span(moment.span)} of {moment.title}"
    began = next((each.started_at for each in recordings if each.id == moment.recording_id and each.camera), None)
    if began is None:
        return where
    start, end = ((began + time).astimezone(zone) for time in (moment.span.start, moment.span.end))
    until = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    return f"{start:%Y-%m-%d %H:%M:%S} to {until} ({where})"
