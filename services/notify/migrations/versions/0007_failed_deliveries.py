"""What was given up is found without reading what was sent."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("CREATE INDEX deliveries_failed ON deliveries (failed_at, id) WHERE state = 'failed'")
