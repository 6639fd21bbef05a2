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
    # What is sorted is narrow, and the facts themselves are fetched last: by wide rows it takes several times as long.
    op.execute("SET LOCAL work_mem = '128MB'")
    op.execute("""
        INSERT INTO feed
        SELECT cut.seq, (SELECT (random() * 9e18)::bigint + 1), t.id, t.procedure_id, p.administration, p.reference,
               cut.tribunal, cut.number, t.type, t.source, t.time, t.data, t.newer, t.why_not
        FROM (SELECT id, row_number() OVER (ORDER BY place) AS seq, number,
                     CASE WHEN fact = 'declined' THEN court
                          ELSE nullif(max(held) OVER (PARTITION BY procedure_id, holder), '') END AS tribunal
              FROM (SELECT id, procedure_id, place, fact, court,
                           CASE fact WHEN 'delivered' THEN court WHEN 'declined' THEN '' END AS held,
                           count(CASE WHEN fact IN ('delivered', 'declined') THEN 1 END) OVER so_far AS holder,
                           max(given) OVER so_far AS number
                    FROM (SELECT id, procedure_id, place,
                                 CASE WHEN why_not IS NULL THEN split_part(type, '.', 5) END,
                                 data ->> 'tribunal',
                                 CASE WHEN why_not IS NULL AND type LIKE '%.numbered.v%' THEN data ->> 'number' END
                          FROM timeline) AS told (id, procedure_id, place, fact, court, given)
                    WINDOW so_far AS (PARTITION BY procedure_id ORDER BY place)) AS marked) AS cut
        JOIN timeline AS t ON t.id = cut.id
        JOIN procedures AS p ON p.id = t.procedure_id
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
