"""What is urgent leaves the outbox first."""

from alembic import op

from chassis.journal_tables import create_v5

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    create_v5(op)
