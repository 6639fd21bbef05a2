"""An inbox begins with its urgent ones, however many urgent ones there are elsewhere and however much waits in it."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("DROP INDEX procedures_inbox")
    op.execute("""
        CREATE INDEX procedures_inbox ON procedures (tribunal, urgent, submitted_at, id)
        WHERE held AND status = 'delivered'
    """)
