"""What was told of a document that comes in several requests, as it was sent: whoever asks is told the same."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE documents ADD COLUMN upload_metadata text")
