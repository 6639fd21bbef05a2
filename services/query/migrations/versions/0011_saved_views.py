"""People keep sets of filters under names of theirs: no part of the view, so that a rebuild leaves them alone."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE saved_views (
            id uuid PRIMARY KEY,
            organisation text NOT NULL,
            person text NOT NULL,
            name text NOT NULL,
            filters jsonb NOT NULL,
            changed_at timestamptz NOT NULL)
    """)
    op.execute("CREATE UNIQUE INDEX saved_views_name ON saved_views (organisation, person, name)")
