"""Keep whose a recording is, its tags and when it came; keys, answers and who did what; events by the wall clock.

Revision ID: 0004
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COSTS = {
    "prompt_tokens": sa.BigInteger,
    "cached_tokens": sa.BigInteger,
    "completion_tokens": sa.BigInteger,
    "seconds": sa.Double,
    "cost": sa.Double,
    "uncited": sa.BigInteger,
}


def upgrade() -> None:
    _recordings()
    _analyses()
    _events()
    op.create_table(
        "keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("cameras", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    in_force = sa.text("revoked_at IS NULL")
    op.create_index("ix_keys_in_force", "keys", ["name"], unique=True, sqlite_where=in_force, postgresql_where=in_force)
    op.create_table(
        "answers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        *(sa.Column(name, kind(), nullable=False) for name, kind in _COSTS.items()),
        sa.Column("verdict", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_answers_owner", "answers", ["owner"])
    judged = sa.text("verdict IS NOT NULL")
    op.create_index("ix_answers_judged", "answers", ["asked_at", "id"], sqlite_where=judged, postgresql_where=judged)
    op.create_table(
        "deeds",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_deeds_at", "deeds", ["at", "number"])


def _recordings() -> None:
    """SQLite can drop no constraint: the table is made anew, which needs ``foreign_keys`` to be off."""
    sqlite = op.get_context().dialect.name == "sqlite"
    names = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
    with op.batch_alter_table("recordings", naming_convention=names) as table:
        table.drop_constraint("uq_recordings_digest" if sqlite else "recordings_digest_key", type_="unique")
        table.add_column(sa.Column("folded_title", sa.Text(), nullable=False, server_default=""))
        for name in ("camera", "owner", "space"):
            table.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("added_at", sa.BigInteger(), nullable=False, server_default="0"))
        table.create_unique_constraint("uq_recordings_digest_space", ["digest", "space"])
    op.create_index("ix_recordings_added_at", "recordings", ["added_at", "id"])
    op.create_index("ix_recordings_camera", "recordings", ["camera", "added_at", "id"])
    op.create_table(
        "recording_tags",
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("recording_id", "tag"),
    )
    op.create_index("ix_recording_tags_tag", "recording_tags", ["tag", "recording_id"])
    connection = op.get_bind()
    c = sa.table("recordings", *map(sa.column, ("id", "title", "folded_title", "added_at")))
    known = connection.execute(sa.select(c.c.id, c.c.title)).all()
    if known:
        begun, now = dict(_begun(connection)), time.time_ns() // 1000
        connection.execute(
            c.update()
            .where(c.c.id == sa.bindparam("this"))
            .values(folded_title=sa.bindparam("folded"), added_at=sa.bindparam("added")),
            [
                {
                    "this": recording_id,
                    "folded": unicodedata.normalize("NFC", title).casefold(),
                    "added": min(begun.get(recording_id, now), now),
                }
                for recording_id, title in known
            ],
        )


def _begun(connection: sa.Connection) -> Iterator[tuple[str, int]]:
    """When the earliest analysis that is left of each recording was begun, in microseconds; its id begins with that."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    c = sa.table("analyses", *map(sa.column, ("id", "recording_id"))).c
    for recording_id, earliest in connection.execute(
        sa.select(c.recording_id, sa.func.min(c.id)).where(sa.func.length(c.id) == 13).group_by(c.recording_id)
    ):
        milliseconds = 0
        for digit in earliest[:9]:
            milliseconds = milliseconds * 32 + max(digits.find(digit), 0)
        yield recording_id, milliseconds * 1000


def _analyses() -> None:
    """What the groups of an analysis cost is added up in it."""
    connection = op.get_bind()
    for name, kind in _COSTS.items():
        op.add_column("analyses", sa.Column(name, kind(), nullable=False, server_default="0"))
    analyses = sa.table("analyses", *map(sa.column, ("id", *_COSTS)))
    groups = sa.table("groups", *map(sa.column, ("analysis_id", *_COSTS)))
    for name in _COSTS:
        spent = sa.select(sa.func.coalesce(sa.func.sum(groups.c[name]), 0)).where(groups.c.analysis_id == analyses.c.id)
        connection.execute(analyses.update().values({name: spent.scalar_subquery()}))


def _events() -> None:
    """Events know when they happened, so that those of many recordings are listed in that order."""
    op.add_column("events", sa.Column("at", sa.BigInteger(), nullable=False, server_default="0"))
    events = sa.table("events", *map(sa.column, ("analysis_id", "start", "at")))
    analyses = sa.table("analyses", *map(sa.column, ("id", "recording_id")))
    recordings = sa.table("recordings", *map(sa.column, ("id", "started_at", "added_at")))
    began = (
        sa.select(sa.func.coalesce(recordings.c.started_at, recordings.c.added_at))
        .join_from(recordings, analyses, recordings.c.id == analyses.c.recording_id)
        .where(analyses.c.id == events.c.analysis_id)
    )
    op.get_bind().execute(events.update().values(at=began.scalar_subquery() + events.c.start))
    op.create_index("ix_events_at", "events", ["at", "id"])
    op.create_index("ix_events_source_at", "events", ["source", "at", "id"])
    op.create_index("ix_events_label_at", "events", [sa.text("lower(label)"), "at", "id"])
