"""Procedures as the journal and routing's own facts add up, what courts were told, and what they answered."""

from alembic import op

from chassis import followed, idempotency

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    idempotency.create_v1(op)
    followed.create_v1(op)
    op.execute("""
        ALTER TABLE procedures
            ADD COLUMN state jsonb,
            ADD COLUMN said jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN tribunal text,
            ADD COLUMN courts jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN added jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN queued_at timestamptz
    """)
    # What was delivered is known from its receipt; nothing after the delivery could be said before.
    op.execute("""
        UPDATE procedures AS p SET
            tribunal = d.tribunal,
            courts = CASE WHEN d.id IS NULL THEN '[]' ELSE jsonb_build_array(d.tribunal) END,
            queued_at = CASE WHEN same.decision IS NULL THEN same.decided_at END,
            state = jsonb_build_object(
                'status', CASE WHEN d.placed_at IS NOT NULL THEN 'delivered'
                               WHEN same.decision IS NOT NULL THEN 'routed' ELSE 'unroutable' END,
                'number', same.number,
                'tribunal', same.decision -> 'tribunal',
                'formation', same.decision -> 'formation',
                'delivery', CASE WHEN d.placed_at IS NOT NULL THEN d.id END,
                'urgency', same.submitted -> 'urgency')
        FROM procedures AS same LEFT JOIN deliveries AS d ON d.id = same.delivery
        WHERE p.id = same.id
    """)
    op.execute("DROP INDEX procedures_unroutable")
    op.execute("ALTER TABLE procedures ALTER COLUMN state SET NOT NULL, DROP COLUMN number, DROP COLUMN decided_at")
    op.execute("CREATE INDEX procedures_queued ON procedures (queued_at, id) WHERE queued_at IS NOT NULL")
    op.execute("""
        CREATE TABLE court_messages (
            id uuid PRIMARY KEY,
            place bigint GENERATED ALWAYS AS IDENTITY,
            procedure_id uuid NOT NULL REFERENCES procedures (id),
            tribunal text NOT NULL,
            said_at timestamptz NOT NULL,
            value bytea NOT NULL,
            headers jsonb NOT NULL)
    """)
    op.execute("CREATE INDEX court_messages_tribunal ON court_messages (tribunal, said_at)")
    op.execute("""
        CREATE TABLE replies (
            tribunal text,
            id uuid,
            place bigint GENERATED ALWAYS AS IDENTITY,
            procedure_id uuid NOT NULL,
            digest bytea NOT NULL,
            type text NOT NULL,
            data jsonb NOT NULL,
            traceparent text,
            received_at timestamptz NOT NULL,
            outcome text NOT NULL,
            words text,
            PRIMARY KEY (tribunal, id))
    """)
    op.execute("CREATE INDEX replies_waiting ON replies (procedure_id, place) WHERE outcome = 'waiting'")
    op.execute("CREATE INDEX replies_words ON replies (id) WHERE words IS NOT NULL")
    op.execute("""
        CREATE TABLE assignments (
            id uuid PRIMARY KEY,
            procedure_id uuid NOT NULL REFERENCES procedures (id),
            tribunal text NOT NULL,
            reason text NOT NULL,
            subject text NOT NULL,
            assigned_at timestamptz NOT NULL)
    """)
    op.execute("CREATE INDEX ix_assignments_procedure_id ON assignments (procedure_id)")
