"""Facts of a newer release are kept for it."""

from alembic import op

from chassis.journal_tables import create_v3

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_v3(op)
