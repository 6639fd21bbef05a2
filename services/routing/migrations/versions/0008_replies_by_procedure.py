"""A page of the operators' queue finds who declined each procedure without reading every reply."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("CREATE INDEX replies_procedure ON replies (procedure_id)")
