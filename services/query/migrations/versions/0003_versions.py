"""Facts of a newer release are kept for it. Facts at their newer versions too."""

from alembic import op

from chassis.journal_tables import create_v3

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_v3(op)
    op.execute("ALTER TABLE timeline ADD COLUMN newer jsonb")
