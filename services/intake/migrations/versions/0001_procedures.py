"""The journal's tables, idempotency keys, procedures, dossiers and who read them."""

from alembic import op

from chassis import idempotency
from chassis.journal_tables import create_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_v1(op)
    idempotency.create_v1(op)
    # Each row is updated a few times as its procedure goes on: room is left for that on its page.
    op.execute("""
        CREATE TABLE procedures (
            id uuid PRIMARY KEY,
            administration text NOT NULL,
            reference text NOT NULL,
            submitted_at timestamptz NOT NULL,
            status text NOT NULL DEFAULT 'submitted',
            number text,
            tribunal text,
            delivery uuid,
            withdrawal_requested boolean NOT NULL DEFAULT false)
        WITH (fillfactor = 75)
    """)
    op.execute("CREATE INDEX procedures_reference ON procedures (administration, reference)")
    op.execute("""
        CREATE TABLE dossiers (
            procedure_id uuid PRIMARY KEY REFERENCES procedures (id),
            content json NOT NULL)
    """)
    op.execute("""
        CREATE TABLE dossier_readings (
            id uuid PRIMARY KEY,
            procedure_id uuid NOT NULL REFERENCES procedures (id),
            part text NOT NULL,
            organisation text NOT NULL,
            subject text NOT NULL,
            read_at timestamptz NOT NULL)
    """)
    op.execute("CREATE INDEX dossier_readings_procedure ON dossier_readings (procedure_id, read_at)")
    op.execute("CREATE TABLE followed_facts (event_id uuid PRIMARY KEY, procedure_id uuid NOT NULL)")
