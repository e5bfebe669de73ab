"""What the archive keeps, as tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import Named, TypedColumns

from indexer.columns import METADATA, Costs, FilePath, Folded, Instant, Microseconds, Name, Words


def _belongs_to(table: str) -> Any:
    return sa.Column(Name, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True)


class _Facts(TypedColumns):
    name: Named[str] = sa.Column(primary_key=True)
    value: Named[str]


facts = sa.Table("facts", METADATA, _Facts)
"""``generation``: a word that changes whenever what can be found changes."""


class _Recordings(TypedColumns):
    id: Named[str] = sa.Column(Name, primary_key=True)
    title: Named[str] = sa.Column(Words)
    source: Named[str] = sa.Column(FilePath)
    digest: Named[str] = sa.Column(Name)
    length: Named[timedelta] = sa.Column(Microseconds)
    state: Named[str]
    started_at: Named[datetime | None] = sa.Column(Instant)
    problems: Named[list[str]] = sa.Column(sa.JSON)
    prompt: Named[str] = sa.Column(Words, default="")
    stage: Named[str | None]
    done: Named[float | None]
    folded_title: Named[str] = sa.Column(Folded)
    camera: Named[str] = sa.Column(Words, default="")
    owner: Named[str] = sa.Column(Words, default="")
    space: Named[str] = sa.Column(Words, default="")
    kept: Named[bool] = sa.Column(default=False)
    added_at: Named[datetime] = sa.Column(Instant)


recordings = sa.Table(
    "recordings",
    METADATA,
    _Recordings,
    sa.UniqueConstraint("digest", "space", name="uq_recordings_digest_space"),
    sa.Index("ix_recordings_added_at", "added_at", "id"),
    sa.Index("ix_recordings_camera", "camera", "added_at", "id"),
)


class _RecordingTags(TypedColumns):
    recording_id: Named[str] = _belongs_to("recordings")
    tag: Named[str] = sa.Column(Words, primary_key=True)


recording_tags = sa.Table(
    "recording_tags", METADATA, _RecordingTags, sa.Index("ix_recording_tags_tag", "tag", "recording_id")
)


class _Analyses(Costs):
    id: Named[str] = sa.Column(Name, primary_key=True)
    recording_id: Named[str] = sa.Column(Name, sa.ForeignKey("recordings.id", ondelete="CASCADE"), index=True)
    begun: Named[int] = sa.Column(sa.BigInteger)
    fingerprint: Named[str]
    kind: Named[str]
    seen_by: Named[str] = sa.Column(Words)
    prompt: Named[str] = sa.Column(Words)
    period: Named[timedelta] = sa.Column(Microseconds)
    long_side: Named[int]
    multiple: Named[int]
    width: Named[int | None]
    height: Named[int | None]
    times: Named[bytes]
    next_group: Named[int]
    finished: Named[bool]
    first_passage: Named[int | None] = sa.Column(sa.BigInteger)
    covered: Named[timedelta | None] = sa.Column(Microseconds)
    totals: Named[dict[str, int] | None] = sa.Column(sa.JSON(none_as_null=True))


analyses = sa.Table("analyses", METADATA, _Analyses)
"""``begun`` rises within a recording; ``kind`` is of ``AnalysisKind``. Once it is finished, ``covered`` is the length
that its coverage speaks of, and ``totals`` how many microseconds of that are in which state. What it cost is the sum of
what its groups did."""


class _Cues(TypedColumns):
    analysis_id: Named[str] = _belongs_to("analyses")
    number: Named[int] = sa.Column(primary_key=True)
    start: Named[timedelta] = sa.Column(Microseconds)
    end: Named[timedelta] = sa.Column(Microseconds)
    text: Named[str] = sa.Column(Words)
    language: Named[str | None] = sa.Column(Words)
    track: Named[str] = sa.Column(Words)


cues = sa.Table("cues", METADATA, _Cues)


class _Groups(TypedColumns):
    analysis_id: Named[str] = _belongs_to("analyses")
    number: Named[int] = sa.Column(primary_key=True)
    start: Named[timedelta] = sa.Column(Microseconds)
    end: Named[timedelta] = sa.Column(Microseconds)
    times: Named[bytes]
    cues: Named[list[list[Any]]] = sa.Column(sa.JSON)
    failure: Named[str | None] = sa.Column(Words)
    summary: Named[str] = sa.Column(Words, default="")
    prompt_tokens: Named[int] = sa.Column(default=0)
    cached_tokens: Named[int] = sa.Column(default=0)
    completion_tokens: Named[int] = sa.Column(default=0)
    seconds: Named[float] = sa.Column(default=0.0)
    cost: Named[float] = sa.Column(default=0.0)
    uncited: Named[int] = sa.Column(default=0)


groups = sa.Table("groups", METADATA, _Groups)


class _Observed(TypedColumns):
    label: Named[str] = sa.Column(Words)
    description: Named[str] = sa.Column(Words)
    source: Named[str]
    frames: Named[bytes]
    confidence: Named[float]
    identity: Named[str] = sa.Column(Words)
    region: Named[list[float] | None] = sa.Column(sa.JSON(none_as_null=True))
    strength: Named[float | None]


class _Observations(_Observed):
    analysis_id: Named[str] = _belongs_to("analyses")
    group_number: Named[int] = sa.Column(primary_key=True)
    number: Named[int] = sa.Column(primary_key=True)
    lasts_until: Named[timedelta | None] = sa.Column(Microseconds)


observations = sa.Table("observations", METADATA, _Observations)


class _Events(_Observed):
    analysis_id: Named[str] = _belongs_to("analyses")
    id: Named[str] = sa.Column(Name, primary_key=True)
    open: Named[bool]
    start: Named[timedelta] = sa.Column(Microseconds)
    end: Named[timedelta] = sa.Column(Microseconds)
    revisits: Named[str | None]
    continues: Named[str | None] = sa.Column(Name)
    witness: Named[str | None] = sa.Column(Words)
    at: Named[datetime] = sa.Column(Instant)


events = sa.Table(
    "events",
    METADATA,
    _Events,
    sa.Index("ix_events_at", "at", "id"),
    sa.Index("ix_events_source_at", "source", "at", "id"),
    sa.Index("ix_events_label_at", sa.text("lower(label)"), "at", "id"),
)
"""``at`` is the wall clock at its start, or what that would be, had the recording begun when it was added. ``witness``
is who saw it, where that is not for its analysis to say: each alert's event is seen by whoever saw that."""


class _CoveredSpans(TypedColumns):
    analysis_id: Named[str] = _belongs_to("analyses")
    number: Named[int] = sa.Column(primary_key=True)
    start: Named[timedelta] = sa.Column(Microseconds)
    end: Named[timedelta] = sa.Column(Microseconds)
    state: Named[str]
    frames: Named[int]
    cause: Named[str] = sa.Column(Words)


covered_spans = sa.Table("covered_spans", METADATA, _CoveredSpans)


class _Chapters(TypedColumns):
    analysis_id: Named[str] = _belongs_to("analyses")
    number: Named[int] = sa.Column(primary_key=True)
    start: Named[timedelta] = sa.Column(Microseconds)
    end: Named[timedelta] = sa.Column(Microseconds)
    title: Named[str] = sa.Column(Words)


chapters = sa.Table("chapters", METADATA, _Chapters)


class _Passages(TypedColumns):
    id: Named[int] = sa.Column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    analysis_id: Named[str] = sa.Column(Name, sa.ForeignKey("analyses.id", ondelete="CASCADE"), index=True)
    start: Named[timedelta] = sa.Column(Microseconds)
    end: Named[timedelta] = sa.Column(Microseconds)
    text: Named[str] = sa.Column(Words)
    source: Named[str]
    language: Named[str | None] = sa.Column(Words)


passages = sa.Table("passages", METADATA, _Passages)
"""The ids of an analysis's passages follow one another from its ``first_passage`` on."""


class _Shards(TypedColumns):
    analysis_id: Named[str] = _belongs_to("analyses")
    kind: Named[str] = sa.Column(primary_key=True)
    data: Named[bytes]


shards = sa.Table("shards", METADATA, _Shards)
"""The passages of one analysis made searchable: their words, and their vectors by each embedder (see search/)."""
