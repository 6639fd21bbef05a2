"""What administrations add to their procedures: words, and the withdrawal."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE supplements (
            id uuid PRIMARY KEY,
            procedure_id uuid NOT NULL REFERENCES procedures (id),
            added_at timestamptz NOT NULL,
            text text)
    """)
    op.execute("CREATE INDEX supplements_procedure ON supplements (procedure_id, id)")
    op.execute("""
        CREATE TABLE withdrawals (
            procedure_id uuid PRIMARY KEY REFERENCES procedures (id),
            id uuid NOT NULL,
            requested_at timestamptz NOT NULL,
            reason text NOT NULL,
            comment text)
    """)
