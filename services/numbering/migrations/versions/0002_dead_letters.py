"""What operators decide about dead letters."""

from alembic import op

from chassis.journal_tables import create_v2

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_v2(op)
