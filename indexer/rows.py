"""From a row of ``indexer.tables`` to a type and back; nowhere else."""

from __future__ import annotations

import array
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from indexer.columns import MICROSECOND
from videoqa.events import Chapter, Event, Observation, Passage, Region, Source
from videoqa.media import (
    Coverage,
    CoverageState,
    CoveredSpan,
    Cue,
    FrameGroup,
    Recording,
    RecordingState,
    Sampling,
    Span,
)
from videoqa.ports import Analysis, AnalysisKind, Look, RecordedLook, Usage

Row = sa.RowMapping
COSTS = tuple(field.name for field in fields(Usage))
"""The columns of what a look cost."""


def recording_row(recording: Recording) -> dict[str, object]:
    return {
        "id": recording.id,
        "title": recording.title,
        "folded_title": recording.title,
        "source": recording.source,
        "digest": recording.digest,
        "length": recording.length,
        "state": recording.state.value,
        "started_at": recording.started_at,
        "problems": list(recording.problems),
        "prompt": recording.prompt,
        "camera": recording.camera,
        "added_at": recording.added_at,
        "owner": recording.owner,
        "kept": recording.kept,
        "space": recording.space,
    }


def recording(row: Row, tags: Iterable[str] = ()) -> Recording:
    return Recording(
        id=row["id"],
        title=row["title"],
        source=row["source"],
        digest=row["digest"],
        length=row["length"],
        state=RecordingState(row["state"]),
        started_at=row["started_at"],
        problems=tuple(row["problems"]),
        prompt=row["prompt"],
        tags=tuple(sorted(tags)),
        camera=row["camera"],
        added_at=row["added_at"],
        owner=row["owner"],
        kept=row["kept"],
        space=row["space"],
    )


def analysis(row: Row, groups: Iterable[Row]) -> Analysis:
    return Analysis(
        id=row["id"],
        recording_id=row["recording_id"],
        fingerprint=row["fingerprint"],
        sampling=Sampling(row["period"], row["long_side"], row["multiple"]),
        times=unpack_times(row["times"]),
        groups=tuple(group(each) for each in groups),
        next_group=row["next_group"],
        finished=row["finished"],
        size=None if row["width"] is None else (row["width"], row["height"]),
        kind=AnalysisKind(row["kind"]),
        seen_by=row["seen_by"],
        prompt=row["prompt"],
    )


def group_row(group: FrameGroup) -> dict[str, object]:
    return {
        "number": group.number,
        **_span_row(group.span),
        "times": pack_times(group.times),
        "cues": [
            [cue.span.start // MICROSECOND, cue.span.end // MICROSECOND, cue.text, cue.language, cue.track]
            for cue in group.cues
        ],
    }


def group(row: Row) -> FrameGroup:
    cues = tuple(
        Cue(Span(start * MICROSECOND, end * MICROSECOND), text, language, track)
        for start, end, text, language, track in row["cues"]
    )
    return FrameGroup(row["number"], _span(row), unpack_times(row["times"]), cues)


def look_row(recorded: RecordedLook) -> dict[str, object]:
    return {"failure": recorded.failure, "summary": recorded.look.summary, **usage_row(recorded.look.usage)}


def look(row: Row, observations: Iterable[Observation]) -> RecordedLook:
    return RecordedLook(Look(tuple(observations), row["summary"], usage(row)), row["failure"])


def usage_row(usage: Usage) -> dict[str, int | float]:
    return {name: getattr(usage, name) for name in COSTS}


def usage(row: Row) -> Usage:
    return Usage(**{name: row[name] for name in COSTS})


def cue_row(number: int, cue: Cue) -> dict[str, object]:
    return {
        "number": number,
        **_span_row(cue.span),
        "text": cue.text,
        "language": cue.language,
        "track": cue.track,
    }


def cue(row: Row) -> Cue:
    return Cue(_span(row), row["text"], row["language"], row["track"])


def observation_row(group: int, number: int, observation: Observation) -> dict[str, object]:
    return {
        "group_number": group,
        "number": number,
        "lasts_until": observation.lasts_until,
        **_observed_row(observation),
    }


def observation(row: Row) -> Observation:
    return Observation(lasts_until=row["lasts_until"], **_observed(row))


def event_row(event: Event, began: datetime, *, is_open: bool, witnessed: bool = False) -> dict[str, object]:
    """``began`` is when the recording did, or was added where that is unknown.

    ``witnessed`` says that it is the event, not its analysis, that knows who saw it.
    """
    return {
        "id": event.id,
        "open": is_open,
        "at": began + event.span.start,
        **_span_row(event.span),
        "revisits": event.revisits,
        "continues": event.continues,
        "witness": event.seen_by if witnessed else None,
        **_observed_row(event),
    }


def event(row: Row) -> Event:
    return Event(
        id=row["id"],
        recording_id=row["recording_id"],
        span=_span(row),
        revisits=row["revisits"],
        continues=row["continues"],
        seen_by=row["seen_by"] if row["witness"] is None else row["witness"],
        **_observed(row),
    )


def covered_row(number: int, covered: CoveredSpan) -> dict[str, object]:
    return {
        "number": number,
        **_span_row(covered.span),
        "state": covered.state.value,
        "frames": covered.frames,
        "cause": covered.cause,
    }


def covered(row: Row) -> CoveredSpan:
    return CoveredSpan(_span(row), CoverageState(row["state"]), row["frames"], row["cause"])


def totals_row(coverage: Coverage) -> dict[str, int]:
    return {state.value: coverage.total(state) // MICROSECOND for state in CoverageState}


def totals(row: Row) -> dict[CoverageState, timedelta]:
    return {CoverageState(state): length * MICROSECOND for state, length in (row["totals"] or {}).items()}


def chapter_row(number: int, chapter: Chapter) -> dict[str, object]:
    return {"number": number, **_span_row(chapter.span), "title": chapter.title}


def chapter(row: Row) -> Chapter:
    return Chapter(_span(row), row["title"])


def passage_row(passage_id: int, passage: Passage) -> dict[str, object]:
    return {
        "id": passage_id,
        **_span_row(passage.span),
        "text": passage.text,
        "source": passage.source.value,
        "language": passage.language,
    }


def passage(row: Row) -> Passage:
    return Passage(row["recording_id"], _span(row), row["text"], Source(row["source"]), row["language"])


def pack_times(times: Sequence[timedelta]) -> bytes:
    """Whole microseconds, eight bytes each, the low byte first."""
    numbers = array.array("q", (time // MICROSECOND for time in times))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def unpack_times(packed: bytes) -> tuple[timedelta, ...]:
    numbers = array.array("q", packed)
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(timedelta(microseconds=number) for number in numbers)


def _span_row(span: Span) -> dict[str, object]:
    return {"start": span.start, "end": span.end}


def _span(row: Row) -> Span:
    return Span(row["start"], row["end"])


def _observed_row(seen: Observation | Event) -> dict[str, object]:
    region = seen.region
    return {
        "label": seen.label,
        "description": seen.description,
        "source": seen.source.value,
        "frames": pack_times(seen.frames),
        "confidence": seen.confidence,
        "identity": seen.identity,
        "region": None if region is None else [region.left, region.top, region.right, region.bottom],
        "strength": seen.strength,
    }


def _observed(row: Row) -> dict[str, Any]:
    region = row["region"]
    return {
        "label": row["label"],
        "description": row["description"],
        "source": Source(row["source"]),
        "frames": unpack_times(row["frames"]),
        "confidence": row["confidence"],
        "identity": row["identity"],
        "region": None if region is None else Region(*region),
        "strength": row["strength"],
    }
