"""Keep with an analysis how much of it has which coverage, so that an archive's coverage is added up at once.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("analyses", sa.Column("totals", sa.JSON(), nullable=True))
    connection = op.get_bind()
    spans = sa.table("covered_spans", *map(sa.column, ("analysis_id", "state", "start", "end")))
    analyses = sa.table("analyses", sa.column("id"), sa.column("totals", sa.JSON()))
    found: dict[str, dict[str, int]] = {}
    lengths = sa.select(spans.c.analysis_id, spans.c.state, sa.func.sum(spans.c.end - spans.c.start)).group_by(
        spans.c.analysis_id, spans.c.state
    )
    for analysis_id, state, length in connection.execute(lengths):
        found.setdefault(analysis_id, {})[state] = int(length)
    for analysis_id, totals in found.items():
        connection.execute(analyses.update().where(analyses.c.id == analysis_id), {"totals": totals})
