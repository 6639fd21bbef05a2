"""Where, when and of what kind the facts of each procedure were, to find those that seem to be about the same."""

from alembic import op

revision = "0012"
down_revision = "0011"

# As `related.Occurrence` makes them.
OCCURRENCES = """
    INSERT INTO occurrences (pair, since, until, procedure_id, administration)
    SELECT 'c' || commune || ' ' || kind, since, coalesce(until, greatest(since, reported)), id, administration
    FROM (
        SELECT p.id, p.administration, t.data, CAST(t.data -> 'facts' ->> 'to' AS date) AS until,
               CAST(coalesce(t.data -> 'facts' ->> 'from', t.data -> 'facts' ->> 'to') AS date) AS since,
               CAST(p.submitted_at AT TIME ZONE 'Europe/Paris' AS date) AS reported
        FROM procedures AS p JOIN timeline AS t ON t.procedure_id = p.id
        WHERE t.type = '{submitted}' AND t.why_not IS NULL) AS said
    CROSS JOIN LATERAL (
        SELECT place ->> 'commune' AS commune
        FROM jsonb_array_elements(data -> 'places') WITH ORDINALITY AS e (place, nth)
        WHERE place ->> 'commune' IS NOT NULL GROUP BY 1 ORDER BY min(nth) LIMIT 10) AS communes
    CROSS JOIN LATERAL (
        (SELECT 'n' || code AS kind FROM jsonb_array_elements_text(data -> 'natinf') WITH ORDINALITY AS e (code, nth)
         GROUP BY code ORDER BY min(nth) LIMIT 10)
        UNION ALL
        (SELECT 'f' || code FROM jsonb_array_elements_text(data -> 'nataff') WITH ORDINALITY AS e (code, nth)
         GROUP BY code ORDER BY min(nth) LIMIT 10)) AS kinds
    WHERE since IS NOT NULL
"""


def upgrade() -> None:
    op.execute("""
        CREATE TABLE occurrences (
            pair text NOT NULL,
            since date NOT NULL,
            until date NOT NULL,
            procedure_id uuid NOT NULL,
            administration text NOT NULL)
    """)
    op.execute(OCCURRENCES.format(submitted="fr.justice.infoparquet.procedure.submitted.v1"))
    # After the rows, which an index would make slower to write. All that is looked at is in the one.
    op.execute("""
        ALTER TABLE occurrences ADD PRIMARY KEY (pair, since, until, procedure_id) INCLUDE (administration)
    """)
    op.execute("CREATE INDEX occurrences_procedure ON occurrences (procedure_id)")
