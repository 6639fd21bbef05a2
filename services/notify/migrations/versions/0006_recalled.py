"""What a restored database no longer knew of what was published is remembered by its ids."""

from alembic import op

from chassis.journal_tables import create_v6

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_v6(op)
