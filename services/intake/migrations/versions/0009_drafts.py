"""What people have begun to write and not sent, each their own, and the documents that go with it."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE drafts (
            id uuid PRIMARY KEY,
            organisation text NOT NULL,
            person text NOT NULL,
            title text NOT NULL,
            content json NOT NULL,
            version integer NOT NULL,
            changed_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL)
    """)
    op.execute("CREATE INDEX drafts_person ON drafts (organisation, person)")
    op.execute("CREATE INDEX drafts_expiry ON drafts (expires_at)")
    op.execute("""
        CREATE TABLE draft_documents (
            document_id uuid PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
            draft_id uuid NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
            added_at timestamptz NOT NULL)
    """)
    op.execute("CREATE INDEX draft_documents_draft ON draft_documents (draft_id)")
