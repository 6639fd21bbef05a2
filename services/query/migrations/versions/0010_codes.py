"""Procedures are found by the codes of what they are about, and by any part of their reference."""

from alembic import op

revision = "0010"
down_revision = "0009"

# As `codes.codes_of` writes them.
CODES = """
    WITH said AS (SELECT procedure_id AS id, data FROM timeline WHERE type = '{submitted}' AND why_not IS NULL)
    UPDATE procedures AS p
    SET codes = ARRAY(
        SELECT DISTINCT code COLLATE "C" AS code FROM (
            SELECT 'k' || (said.data ->> 'kind') AS code
            UNION ALL SELECT 'a' || (said.data ->> 'administration')
            UNION ALL SELECT 'a' || part FROM string_to_table(said.data ->> 'administration', '-') AS part
            UNION ALL SELECT 'c' || (place ->> 'commune') FROM jsonb_array_elements(said.data -> 'places') AS place
            UNION ALL SELECT 'n' || natinf FROM jsonb_array_elements_text(said.data -> 'natinf') AS natinf
            UNION ALL SELECT 'f' || left(nataff, length)
                FROM jsonb_array_elements_text(said.data -> 'nataff') AS nataff,
                     generate_series(1, length(nataff)) AS length) AS found
        WHERE code IS NOT NULL ORDER BY code)
    FROM said WHERE p.id = said.id
"""


def upgrade() -> None:
    # Trusted since PostgreSQL 13: whoever owns the database may. A view built beside has it from the one that answers.
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("ALTER TABLE procedures ADD COLUMN codes text[] NOT NULL DEFAULT '{}'")
    op.execute(CODES.format(submitted="fr.justice.infoparquet.procedure.submitted.v1"))
    # After the rows, which an index would make slower to write. Each fact of a procedure writes its row anew: what it
    # adds to these two indexes waits in a list, a short one as every search reads it.
    op.execute("""
        CREATE INDEX procedures_codes ON procedures USING gin (array_append(codes, 't' || tribunal))
        WITH (gin_pending_list_limit = 256)
    """)
    # How frequent each code is decides how it is looked for.
    op.execute("ALTER INDEX procedures_codes ALTER COLUMN 1 SET STATISTICS 500")
    op.execute(f"""
        CREATE INDEX procedures_inside_reference ON procedures USING gin (reference {_schema()}.gin_trgm_ops)
        WITH (gin_pending_list_limit = 256)
    """)


def _schema() -> str:
    found = "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace"
    return str(op.get_bind().exec_driver_sql(f"{found} WHERE extname = 'pg_trgm'").scalar_one())
