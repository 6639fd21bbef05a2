"""The journal's tables, procedures and deliveries."""

from alembic import op

from chassis.journal_tables import create_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_v1(op)
    op.execute("""
        CREATE TABLE procedures (
            id uuid PRIMARY KEY,
            submitted jsonb NOT NULL,
            decision jsonb,
            undecided jsonb,
            decided_at timestamptz NOT NULL,
            number text,
            delivery uuid UNIQUE)
    """)
    op.execute("""
        CREATE INDEX procedures_unroutable ON procedures (decided_at, id)
        WHERE undecided IS NOT NULL AND decision IS NULL
    """)
    op.execute("""
        CREATE TABLE deliveries (
            id uuid PRIMARY KEY,
            procedure_id uuid NOT NULL REFERENCES procedures (id),
            tribunal text NOT NULL,
            handed_at timestamptz NOT NULL,
            partition integer,
            "offset" bigint,
            placed_at timestamptz)
    """)
    op.execute("CREATE INDEX deliveries_procedure ON deliveries (procedure_id)")
