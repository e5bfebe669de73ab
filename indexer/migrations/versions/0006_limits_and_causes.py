"""Keep the limits of cameras that are removed, for what they recorded; and why footage was not looked at.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "removed_cameras",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("keep", sa.BigInteger(), nullable=True),
        sa.Column("keep_events", sa.BigInteger(), nullable=True),
        sa.Column("keep_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("covered_spans", sa.Column("cause", sa.Text(), server_default="", nullable=False))
