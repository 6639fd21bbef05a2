"""The journal's tables, procedures as their facts add up, and every fact in its timeline."""

from alembic import op

from chassis.journal_tables import create_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_v1(op)
    # What lists filter by is generated from the state, so that the two cannot differ.
    op.execute("""
        CREATE TABLE procedures (
            id uuid PRIMARY KEY,
            administration text NOT NULL,
            service text,
            reference text NOT NULL,
            kind text NOT NULL,
            submitted_at timestamptz NOT NULL,
            state jsonb NOT NULL,
            status text NOT NULL GENERATED ALWAYS AS (state ->> 'status') STORED,
            number text GENERATED ALWAYS AS (state ->> 'number') STORED,
            tribunal text GENERATED ALWAYS AS (state ->> 'tribunal') STORED,
            urgent boolean NOT NULL GENERATED ALWAYS AS (state -> 'urgency' <> 'null') STORED,
            held boolean NOT NULL GENERATED ALWAYS AS (state -> 'delivery' <> 'null') STORED,
            declined_by jsonb GENERATED ALWAYS AS (nullif(state -> 'declined_by', '[]')) STORED)
    """)
    for index in (
        "procedures_newest ON procedures (submitted_at, id)",
        "procedures_urgent ON procedures (submitted_at, id) WHERE urgent",
        "procedures_status ON procedures (status, submitted_at, id)",
        "procedures_administration ON procedures (administration, submitted_at, id)",
        "procedures_tribunal ON procedures (tribunal, submitted_at, id) WHERE tribunal IS NOT NULL",
        "procedures_declined_by ON procedures USING gin (declined_by) WHERE declined_by IS NOT NULL",
        "procedures_number ON procedures (number text_pattern_ops) WHERE number IS NOT NULL",
        "procedures_reference ON procedures (upper(reference) text_pattern_ops)",
    ):
        op.execute(f"CREATE INDEX {index}")
    # No foreign key: a fact that comes before its procedure was submitted is kept as well.
    op.execute("""
        CREATE TABLE timeline (
            id uuid PRIMARY KEY,
            place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            procedure_id uuid NOT NULL,
            type text NOT NULL,
            source text NOT NULL,
            time timestamptz NOT NULL,
            data jsonb NOT NULL,
            traceparent text,
            why_not text)
    """)
    op.execute("CREATE INDEX timeline_procedure ON timeline (procedure_id, place)")
