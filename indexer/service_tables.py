"""What is kept of keys, of answers that were given, and of who did what, as tables."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.schema import Named, TypedColumns

from indexer.columns import METADATA, Costs, Instant, Name, Words


class _Keys(TypedColumns):
    id: Named[str] = sa.Column(Name, primary_key=True)
    name: Named[str] = sa.Column(Words)
    role: Named[str]
    tags: Named[list[str]] = sa.Column(sa.JSON)
    cameras: Named[list[str]] = sa.Column(sa.JSON)
    digest: Named[bytes] = sa.Column(unique=True)
    created_at: Named[datetime] = sa.Column(Instant)
    revoked_at: Named[datetime | None] = sa.Column(Instant)


_IN_FORCE = sa.text("revoked_at IS NULL")

keys = sa.Table(
    "keys",
    METADATA,
    _Keys,
    sa.Index("ix_keys_in_force", "name", unique=True, sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
)
"""``digest`` is the SHA-256 of the secret."""


class _Answers(Costs):
    id: Named[str] = sa.Column(Name, primary_key=True)
    owner: Named[str] = sa.Column(Name, index=True)
    asked_at: Named[datetime] = sa.Column(Instant)
    question: Named[str] = sa.Column(Words)
    document: Named[str] = sa.Column(Words)
    verdict: Named[bool | None]
    note: Named[str] = sa.Column(Words, default="")


_JUDGED = sa.text("verdict IS NOT NULL")

answers = sa.Table(
    "answers",
    METADATA,
    _Answers,
    sa.Index("ix_answers_judged", "asked_at", "id", sqlite_where=_JUDGED, postgresql_where=_JUDGED),
)


class _Deeds(TypedColumns):
    number: Named[int] = sa.Column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    at: Named[datetime] = sa.Column(Instant)
    key_id: Named[str] = sa.Column(Name)
    key_name: Named[str] = sa.Column(Words)
    address: Named[str] = sa.Column(Words)
    action: Named[str] = sa.Column(Words)
    subject: Named[str] = sa.Column(Words)
    request_id: Named[str] = sa.Column(Words)
    outcome: Named[int]


deeds = sa.Table("deeds", METADATA, _Deeds, sa.Index("ix_deeds_at", "at", "number"))
