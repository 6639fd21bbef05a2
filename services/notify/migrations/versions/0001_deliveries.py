"""The journal's tables, the procedures that are followed, and the mails about them."""

from alembic import op

from chassis import followed
from chassis.journal_tables import create_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_v1(op)
    followed.create_v1(op)
    # Each row is updated a few times as its procedure goes on: room is left for that on its page.
    op.execute("""
        CREATE TABLE procedures (
            id uuid PRIMARY KEY,
            administration text NOT NULL,
            reference text NOT NULL,
            urgent boolean NOT NULL,
            status text NOT NULL,
            number text,
            tribunal text,
            delivery uuid,
            withdrawal_requested boolean NOT NULL)
        WITH (fillfactor = 75)
    """)
    op.execute("""
        CREATE TABLE deliveries (
            id uuid PRIMARY KEY,
            event_id uuid NOT NULL,
            procedure_id uuid NOT NULL REFERENCES procedures (id),
            event_type text NOT NULL,
            event_data jsonb NOT NULL,
            event_time timestamptz NOT NULL,
            traceparent text,
            channel text NOT NULL,
            recipient text NOT NULL,
            urgent boolean NOT NULL,
            created_at timestamptz NOT NULL,
            state text NOT NULL,
            tries integer NOT NULL,
            tries_allowed integer NOT NULL,
            next_try_at timestamptz NOT NULL,
            failure text,
            failed_at timestamptz,
            sent_at timestamptz,
            UNIQUE (event_id, recipient, channel))
        WITH (fillfactor = 75)
    """)
    op.execute("CREATE INDEX deliveries_procedure ON deliveries (procedure_id, created_at)")
    op.execute("""
        CREATE INDEX deliveries_due ON deliveries (urgent DESC, next_try_at) WHERE state IN ('waiting', 'sending')
    """)
