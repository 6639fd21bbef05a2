"""What a restored database no longer knew of what was published is remembered by its ids; dossiers can be lost."""

from alembic import op

from chassis.journal_tables import create_v6

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_v6(op)
    op.execute("CREATE TABLE lost_dossiers (procedure_id uuid PRIMARY KEY REFERENCES procedures (id))")
