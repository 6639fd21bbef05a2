"""Who is signed in to the portal, and when each last saw their inbox; outside the view that a rebuild replaces."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "portal_sessions",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_portal_sessions_expires_at", "portal_sessions", ["expires_at"])
    op.create_table(
        "portal_looks",
        sa.Column("person", sa.LargeBinary, primary_key=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
    )
