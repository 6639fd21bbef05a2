"""What this service has said to the journal is kept, to be looked for there."""

from alembic import op

from chassis.journal_tables import create_v4

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    create_v4(op)
