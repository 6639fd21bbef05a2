"""One narrow row a procedure of what figures are made from, as its timeline says it."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE figures (
            id uuid PRIMARY KEY,
            submitted_at timestamptz NOT NULL,
            status_at timestamptz NOT NULL,
            due_at timestamptz,
            numbered_after bigint,
            delivered_after bigint,
            acknowledged_after bigint,
            decided_after bigint,
            urgent boolean NOT NULL,
            held boolean NOT NULL,
            unroutable boolean NOT NULL,
            withdrawal_requested boolean NOT NULL,
            status text NOT NULL,
            administration text NOT NULL,
            tribunal text,
            families text NOT NULL,
            declined_by jsonb)
    """)
    op.execute("""
        INSERT INTO figures (id, submitted_at, status_at, due_at, numbered_after, delivered_after, acknowledged_after,
                             decided_after, urgent, held, unroutable, withdrawal_requested, status, administration,
                             tribunal, families, declined_by)
        WITH effective AS MATERIALIZED (
            SELECT procedure_id, place, time, data, split_part(type, '.', 5) AS fact
            FROM timeline WHERE why_not IS NULL),
        declined AS (
            SELECT procedure_id, max(place) AS place FROM effective WHERE fact = 'declined' GROUP BY procedure_id),
        said AS (
            SELECT e.procedure_id,
                   min(time) FILTER (WHERE fact = 'numbered') AS numbered,
                   min(time) FILTER (WHERE fact = 'delivered' AND current) AS delivered,
                   min(time) FILTER (WHERE fact IN ('acknowledged', 'registered', 'supplement-requested')
                                           AND current) AS acknowledged,
                   min(time) FILTER (WHERE fact = 'decided') AS decided,
                   max((SELECT string_agg(DISTINCT left(code, 1), '' ORDER BY left(code, 1))
                        FROM jsonb_array_elements_text(data -> 'nataff') AS code))
                       FILTER (WHERE fact = 'submitted') AS families
            FROM (SELECT one.*, one.place > coalesce(last.place, 0) AS current
                  FROM effective AS one LEFT JOIN declined AS last USING (procedure_id)) AS e
            GROUP BY e.procedure_id)
        SELECT p.id, p.submitted_at, CAST(p.state -> 'times' ->> p.status AS timestamptz),
               (CAST(p.state -> 'urgency' ->> 'until' AS date) + 1)::timestamp AT TIME ZONE 'Europe/Paris',
               ceil(extract(epoch FROM numbered - least(numbered, p.submitted_at)) * 1000),
               ceil(extract(epoch FROM delivered - least(delivered, p.submitted_at)) * 1000),
               ceil(extract(epoch FROM acknowledged - least(acknowledged, p.submitted_at)) * 1000),
               ceil(extract(epoch FROM decided - least(decided, p.submitted_at)) * 1000),
               p.urgent, p.held, p.state -> 'times' ? 'unroutable', CAST(p.state ->> 'withdrawal_requested' AS boolean),
               p.status, p.administration, p.tribunal, coalesce(said.families, ''), p.declined_by
        FROM procedures AS p LEFT JOIN said ON said.procedure_id = p.id
    """)
    for index in (
        "figures_submitted_at ON figures (submitted_at)",
        "figures_administration ON figures (administration, submitted_at)",
        "figures_tribunal ON figures (tribunal, submitted_at) WHERE tribunal IS NOT NULL",
        "figures_declined_by ON figures USING gin (declined_by) WHERE declined_by IS NOT NULL",
        "figures_waiting ON figures (administration, status_at) WHERE status NOT IN ('decided', 'closed', 'withdrawn')",
    ):
        op.execute(f"CREATE INDEX {index}")
