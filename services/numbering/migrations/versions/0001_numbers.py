"""The journal's tables, the numbers and their sequences."""

from alembic import op

from chassis.journal_tables import create_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_v1(op)
    op.execute("CREATE TABLE sequences (year integer PRIMARY KEY, last bigint NOT NULL)")
    op.execute("""
        CREATE TABLE numbers (
            procedure_id uuid PRIMARY KEY,
            number text NOT NULL UNIQUE,
            year integer NOT NULL,
            sequence bigint NOT NULL,
            authority text NOT NULL,
            administration text NOT NULL,
            allocated_at timestamptz NOT NULL,
            UNIQUE (year, sequence))
    """)
