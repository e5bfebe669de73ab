"""Let analyses of several kinds stand side by side, and keep what each look at a group cost.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("analyses", sa.Column("kind", sa.String(), nullable=False, server_default="signals"))
    for name, default in (("seen_by", "signals"), ("prompt", "")):
        op.add_column("analyses", sa.Column(name, sa.Text(), nullable=False, server_default=default))
    op.add_column("recordings", sa.Column("prompt", sa.Text(), nullable=False, server_default=""))
    op.add_column("groups", sa.Column("summary", sa.Text(), nullable=False, server_default=""))
    for name in ("prompt_tokens", "cached_tokens", "completion_tokens", "uncited"):
        op.add_column("groups", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in ("seconds", "cost"):
        op.add_column("groups", sa.Column(name, sa.Double(), nullable=False, server_default="0"))
