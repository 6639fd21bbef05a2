"""The feed: every fact of a procedure that is known, in one order that never changes, for whoever follows."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE feed (
            seq bigint NOT NULL,
            stamp bigint NOT NULL,
            event_id uuid NOT NULL,
            procedure_id uuid NOT NULL,
            administration text NOT NULL,
            reference text NOT NULL,
            tribunal text,
            number text,
            type text NOT NULL,
            source text NOT NULL,
            time timestamptz NOT NULL,
            data jsonb NOT NULL,
            newer jsonb,
            why_not text)
    """)
    # Facts are read on meanwhile; what the consumer has in hand waits, however many facts are copied.
    op.execute("LOCK TABLE timeline IN SHARE ROW EXCLUSIVE MODE")
    op.execute("""
        INSERT INTO feed
        SELECT row_number() OVER (ORDER BY place), (SELECT (random() * 9e18)::bigint + 1), id, procedure_id,
               administration, reference,
               CASE WHEN fact = 'declined' THEN data ->> 'tribunal'
                    ELSE nullif(max(held) OVER (PARTITION BY procedure_id, holder), '') END,
               max(CASE WHEN fact = 'numbered' THEN data ->> 'number' END)
                   OVER (PARTITION BY procedure_id ORDER BY place),
               type, source, time, data, newer, why_not
        FROM (SELECT *, count(held) OVER (PARTITION BY procedure_id ORDER BY place) AS holder
              FROM (SELECT *, CASE fact WHEN 'delivered' THEN data ->> 'tribunal' WHEN 'declined' THEN '' END AS held
                    FROM (SELECT t.*, p.administration, p.reference,
                                 CASE WHEN t.why_not IS NULL THEN split_part(t.type, '.', 5) END AS fact
                          FROM timeline AS t JOIN procedures AS p ON p.id = t.procedure_id) AS told) AS marked) AS cut
    """)
    op.execute("ALTER TABLE feed ADD PRIMARY KEY (seq)")
    for index in (
        "UNIQUE INDEX feed_event ON feed (event_id)",
        "INDEX feed_administration ON feed (administration, seq)",
        "INDEX feed_tribunal ON feed (tribunal, seq) WHERE tribunal IS NOT NULL",
        "INDEX feed_procedure ON feed (procedure_id, seq)",
    ):
        op.execute(f"CREATE {index}")
    op.execute("""
        CREATE TABLE feed_end (
            only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
            last bigint NOT NULL)
    """)
    op.execute("INSERT INTO feed_end (last) SELECT coalesce(max(seq), 0) FROM feed")
    # What the release before adds from here on is not in the feed, and says so by the default.
    op.execute("ALTER TABLE timeline ADD COLUMN fed boolean NOT NULL DEFAULT true")
    op.execute("ALTER TABLE timeline ALTER COLUMN fed SET DEFAULT false")
    op.execute("""
        UPDATE timeline SET fed = false
        WHERE NOT EXISTS (SELECT FROM procedures AS p WHERE p.id = timeline.procedure_id)
    """)
    op.execute("CREATE INDEX timeline_unfed ON timeline (place) WHERE NOT fed")
