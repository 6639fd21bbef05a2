"""A database as an older release of query left it, to see what migrations make of what is there."""

from typing import Final

from sqlalchemy import text

from chassis.database import open_engine

# What takes each migration back, the newest first.
UNDONE: Final = {
    "0013": (
        "DROP INDEX procedures_inbox",
        "CREATE INDEX procedures_inbox ON procedures (tribunal, submitted_at, id) WHERE held AND status = 'delivered'",
    ),
    "0012": ("DROP TABLE occurrences",),
    "0011": ("DROP TABLE saved_views",),
    "0010": ("DROP INDEX procedures_inside_reference", "ALTER TABLE procedures DROP COLUMN codes"),
    "0009": ("DROP TABLE feed", "DROP TABLE feed_end", "ALTER TABLE timeline DROP COLUMN fed"),
    "0008": (
        "DROP TABLE portal_sessions",
        "DROP TABLE portal_looks",
        "DROP INDEX procedures_inbox",
        "DROP INDEX procedures_urgent_of",
    ),
    "0007": ("DROP TABLE figures",),
}


async def undo(url: str, back_to: str) -> None:
    """As the release left it whose newest migration that was."""
    engine = open_engine(url, name="tests", connections=1)
    async with engine.begin() as connection:
        for revision, statements in UNDONE.items():
            for statement in statements if revision > back_to else ():
                await connection.execute(text(statement))
        await connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": back_to})
    await engine.dispose()
