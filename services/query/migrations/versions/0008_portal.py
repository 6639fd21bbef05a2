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
    # The inbox of a court among the many that it has had: those it has not taken in hand.
    op.execute(
        "CREATE INDEX procedures_inbox ON procedures (tribunal, submitted_at, id) WHERE held AND status = 'delivered'"
    )
    # An administration's list begins with its urgent ones.
    op.execute("CREATE INDEX procedures_urgent_of ON procedures (administration, submitted_at, id) WHERE urgent")
    op.create_table(
        "portal_looks",
        sa.Column("person", sa.LargeBinary, primary_key=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
    )
