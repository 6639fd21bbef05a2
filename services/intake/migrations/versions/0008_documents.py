"""Documents that administrations deposit, the parts that their bytes are kept in, and who read them."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE documents (
            id uuid PRIMARY KEY,
            administration text NOT NULL,
            key text,
            name text,
            declared_type text NOT NULL,
            state text NOT NULL CHECK (state IN ('arriving', 'whole', 'removing')),
            bytes bigint NOT NULL DEFAULT 0,
            length bigint,
            promised text,
            sha256 text,
            media_type text,
            mismatch text,
            created_at timestamptz NOT NULL,
            expires_at timestamptz,
            procedure_id uuid REFERENCES procedures (id),
            supplement_id uuid,
            position integer,
            verdict text CHECK (verdict IN ('clean', 'infected', 'unscannable')),
            signature text,
            scanned_at timestamptz,
            scan_at timestamptz,
            scan_tries integer NOT NULL DEFAULT 0)
    """)
    op.execute("CREATE UNIQUE INDEX documents_key ON documents (administration, key) WHERE state <> 'removing'")
    op.execute("CREATE INDEX documents_procedure ON documents (procedure_id, position) WHERE procedure_id IS NOT NULL")
    op.execute("CREATE INDEX documents_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL")
    op.execute("CREATE INDEX documents_to_scan ON documents (scan_at) WHERE scan_at IS NOT NULL")
    op.execute("""
        CREATE TABLE document_parts (
            document_id uuid NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
            start bigint NOT NULL,
            bytes bigint NOT NULL,
            key text NOT NULL,
            PRIMARY KEY (document_id, start))
    """)
    op.execute("""
        CREATE TABLE document_readings (
            id uuid PRIMARY KEY,
            document_id uuid NOT NULL,
            first_byte bigint NOT NULL,
            last_byte bigint NOT NULL,
            organisation text NOT NULL,
            subject text NOT NULL,
            read_at timestamptz NOT NULL)
    """)
    op.execute("CREATE INDEX document_readings_document ON document_readings (document_id, read_at)")
