"""The relay's statements: settle, claim, give back, delete. All run on the connection that holds the relay's lock."""

from datetime import datetime, timedelta

from infoparquet_contracts.topics import DEAD_LETTERS
from sqlalchemy import delete as delete_from
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.handover import Doubt, Row
from chassis.outbox import Outgoing, append, outbox, relay_state

BATCH_ROWS = 1000
# Small, so that what is urgent does not wait while a thousand others are published with it.
BATCH_ROWS_WITH_URGENT = 100
# A Kafka transaction has five seconds, and the process holds all of it: rows of the largest size go fewer at once.
BATCH_BYTES = 8 * 1024 * 1024
SUSPENSION = timedelta(seconds=30)

# One statement, since a relay that has nothing to do asks it every second, and a busy one after each batch.
# `held` is the first row of each key that must wait: refused, or on its way to a topic that takes nothing now. What
# operators are told waits for nobody, the refused row it speaks of above all, and nobody waits for it.
# Urgent rows come first, however much waits, but for those of which an earlier row of their key waits and does not.
# There is always a first row, which says how many were found.
_CLAIM = text("""
    WITH resting AS MATERIALIZED (SELECT topic FROM suspended_topics WHERE until > :now),
    held AS MATERIALIZED (
        SELECT key, min(id) AS first FROM outbox WHERE refusal IS NOT NULL GROUP BY key
        UNION ALL
        SELECT key, min(id) FROM outbox
        WHERE batch IS NULL AND topic <> :told_anyway AND topic IN (SELECT topic FROM resting) GROUP BY key),
    urgent AS MATERIALIZED (
        SELECT o.id, octet_length(o.value) AS size
        FROM outbox AS o LEFT JOIN held ON held.key = o.key AND held.first <= o.id
        WHERE o.batch IS NULL AND o.urgent AND o.refusal IS NULL AND held.key IS NULL
          AND o.topic NOT IN (SELECT topic FROM resting)
          AND NOT EXISTS (SELECT FROM outbox AS e
                          WHERE e.key = o.key AND e.id < o.id AND e.batch IS NULL AND NOT e.urgent OFFSET 0)
        ORDER BY o.id LIMIT :most),
    ordinary AS MATERIALIZED (
        SELECT o.id, octet_length(o.value) AS size
        FROM outbox AS o LEFT JOIN held ON held.key = o.key AND held.first <= o.id
        WHERE o.batch IS NULL AND o.refusal IS NULL AND (held.key IS NULL OR o.topic = :told_anyway)
          AND o.topic NOT IN (SELECT topic FROM resting) AND o.id NOT IN (SELECT id FROM urgent)
        ORDER BY o.id LIMIT (
            SELECT CASE WHEN count(*) > 0 THEN greatest(:beside_urgent - count(*), 0) ELSE :ordinary END FROM urgent)),
    sized AS (
        SELECT id, sum(size) OVER (ORDER BY urgent DESC, id) - size AS before FROM (
            SELECT id, size, true AS urgent FROM urgent UNION ALL SELECT id, size, false FROM ordinary) AS either),
    chosen AS MATERIALIZED (SELECT id FROM sized WHERE before < :bytes),
    counter AS (
        UPDATE relay SET batch = :batch WHERE batch = :batch - 1 AND EXISTS (SELECT FROM chosen) RETURNING batch),
    claimed AS (
        UPDATE outbox AS o SET batch = counter.batch FROM chosen, counter WHERE o.id = chosen.id
        RETURNING o.id, o.topic, o.key, o.value, o.headers, o.receipted, o.appended_at)
    SELECT found.waiting, claimed.* FROM (SELECT count(*) AS waiting FROM chosen) AS found LEFT JOIN claimed ON true
    ORDER BY claimed.id
""")


_FORGET = text("""
    DELETE FROM outbox WHERE batch = :batch AND set_config('synchronous_commit', 'off', true) IS NOT NULL
""")


async def settle(connection: AsyncConnection, committed: int) -> int:
    """Believe Kafka: raise the counter to at least `committed`, delete what went out. Returns the counter."""
    counter = (await connection.execute(select(relay_state.c.batch).with_for_update())).scalar_one()
    settled = max(int(counter), committed)
    await connection.execute(update(relay_state).values(batch=settled))
    await connection.execute(delete_from(outbox).where(outbox.c.batch <= committed))
    return settled


async def outstanding(connection: AsyncConnection) -> list[int]:
    """The claimed batches that did not go out, in order."""
    numbers = select(outbox.c.batch).where(outbox.c.batch.is_not(None)).distinct().order_by(outbox.c.batch)
    return list((await connection.execute(numbers)).scalars())


async def claim(
    connection: AsyncConnection, batch: int, now: datetime, most: int = BATCH_ROWS, *, ordinary: int = BATCH_ROWS
) -> list[Row]:
    """Give the next rows the number `batch`, at most `ordinary` that are not urgent; empty where none may go.

    Raises Doubt if the counter is not `batch - 1`.
    """
    given = {"now": now, "told_anyway": DEAD_LETTERS.name, "most": most, "bytes": BATCH_BYTES, "batch": batch}
    given |= {"ordinary": min(most, ordinary), "beside_urgent": min(most, ordinary, BATCH_ROWS_WITH_URGENT)}
    answers = (await connection.execute(_CLAIM, given)).all()
    if answers[0].waiting == 0:
        return []
    if answers[0].id is None:
        message = "another relay has claimed a batch"
        raise Doubt(message)
    return [Row(*answer[1:]) for answer in answers]


async def rows_of(connection: AsyncConnection, batch: int) -> list[Row]:
    """A batch's rows in order."""
    columns = [outbox.c[name] for name in ("id", "topic", "key", "value", "headers", "receipted", "appended_at")]
    found = await connection.execute(select(*columns).where(outbox.c.batch == batch).order_by(outbox.c.id))
    return [Row(*row) for row in found]


async def suspend(connection: AsyncConnection, batch: int, topic: str, reason: str, now: datetime) -> None:
    """Let a failing topic rest, and give back its rows with the later ones of their keys."""
    await connection.execute(
        text("""INSERT INTO suspended_topics (topic, reason, until) VALUES (:topic, :reason, :until)
                ON CONFLICT (topic) DO UPDATE SET reason = excluded.reason, until = excluded.until"""),
        {"topic": topic, "reason": reason, "until": now + SUSPENSION},
    )
    await connection.execute(
        text("""UPDATE outbox AS o SET batch = NULL
                WHERE batch = :batch AND EXISTS (
                    SELECT FROM outbox AS e
                    WHERE e.batch = :batch AND e.topic = :topic AND e.id <= o.id
                      AND (e.id = o.id OR e.key = o.key))"""),
        {"batch": batch, "topic": topic},
    )


async def refuse(connection: AsyncConnection, batch: int, row: int, reason: str, told: Outgoing) -> None:
    """Set aside a row the broker will never take, tell of it, give back the later ones of its key, which wait."""
    await connection.execute(
        text("""UPDATE outbox AS o SET batch = NULL
                FROM outbox AS refused
                WHERE refused.id = :row AND o.batch = :batch AND o.id >= refused.id
                  AND (o.id = refused.id OR o.key = refused.key)"""),
        {"batch": batch, "row": row},
    )
    await connection.execute(update(outbox).where(outbox.c.id == row).values(refusal=reason))
    await append(connection, [told])


async def delete(connection: AsyncConnection, batch: int) -> None:
    """Forget a batch that went out. Need not be durable: after a crash Kafka's number deletes it again."""
    await connection.execute(_FORGET, {"batch": batch})
