"""The relay's real statements on a real PostgreSQL, driven a step at a time between faults; Kafka is a list here.

Each relay has a connection of its own that holds the lock, as `chassis.relay` has. A step is what `chassis.relay` does
between two awaits that a crash, a lost connection or another relay could come between.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from infoparquet_contracts.envelope import Record
from infoparquet_contracts.topics import DEAD_LETTERS
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import batches, outbox, refused_rows
from chassis.dead_letters import refused_row
from chassis.decisions import Order
from chassis.doorbell import Doorbell
from chassis.handover import Doubt, Row
from chassis.identity import Caller
from chassis.metrics import Metrics
from chassis.outbox import Outgoing, suspended_topics
from chassis.relay import LOCK
from chassis.replay import Done
from chassis.room import Room
from chassis.transaction import Transactions
from tests.builders import NOON

LONGEST_REST = 600
# So few that what is urgent overtakes batches of others.
BATCH_ROWS = 3
_UNACCEPTABLE = b"never"
OPERATOR = Caller("agent-7", "operator", "", frozenset({"operator"}))


def is_acceptable(value: bytes) -> bool:
    """Whether the broker takes a row of this value."""
    return not value.startswith(_UNACCEPTABLE)


@dataclass
class Kafka:
    """Only the log: what is committed, by whom the next may be, and the topics that take nothing now."""

    log: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    committed: int = 0
    epoch: int = 0
    failing: set[str] = field(default_factory=set)
    opened: tuple[int, int, list[tuple[str, bytes, bytes]]] | None = None

    def fence(self) -> int:
        """A new epoch; what another had begun is aborted."""
        self.epoch += 1
        self.opened = None
        return self.epoch

    def begin(self, epoch: int, batch: int, rows: Sequence[Row]) -> None:
        """Hold the records of a transaction. Raises Doubt for a producer that was fenced."""
        self._refuse_fenced(epoch)
        self.opened = epoch, batch, [(row.topic, row.key or b"", row.value) for row in rows]

    def commit(self, epoch: int) -> None:
        """All of the open transaction, its number included. Raises Doubt for a producer that was fenced."""
        self._refuse_fenced(epoch)
        assert self.opened is not None
        _, self.committed, records = self.opened
        self.log += records
        self.opened = None

    def _refuse_fenced(self, epoch: int) -> None:
        if epoch != self.epoch:
            message = "fenced"
            raise Doubt(message)


At = Literal["off", "locked", "fenced", "settled", "idle", "claimed", "produced", "committed"]


@dataclass
class Candidate:
    """A relay's process: its connection, and what it remembers."""

    at: At = "off"
    connection: AsyncConnection | None = None
    session: int = 0
    epoch: int = 0
    seen: int = 0
    counter: int = 0
    outstanding: list[int] = field(default_factory=list)
    batch: int = 0


class World:
    """A database with two candidates for its relay, and the log they publish to."""

    def __init__(self, engine: AsyncEngine, lock_engine: AsyncEngine) -> None:
        self._engine = engine
        self._lock_engine = lock_engine
        bell, room = Doorbell(engine, "outbox"), Room(2**30, Metrics())
        self._transactions = Transactions(engine, service="routing", relay_bell=bell, room=room)
        self.kafka = Kafka()
        self.now: datetime = NOON
        self._count = 0
        self.relays = [Candidate(), Candidate()]
        self.appended: dict[bytes, list[tuple[str, bytes]]] = defaultdict(list)

    async def empty(self) -> None:
        """As after the first migration."""
        async with self._engine.begin() as connection:
            await connection.execute(text("DELETE FROM outbox"))
            await connection.execute(text("DELETE FROM suspended_topics"))
            await connection.execute(text("UPDATE relay SET batch = 0"))

    async def append(self, key: bytes, topic: str, *, acceptable: bool, urgent: bool = False) -> None:
        """One more row of a key, which the broker may never take."""
        self._count += 1
        value = (b"taken" if acceptable else _UNACCEPTABLE) + b" %d" % self._count
        self.appended[key].append((topic, value))
        async with self._engine.begin() as connection:
            await outbox.append(connection, [Outgoing(topic, Record(key, value, ()), urgent=urgent)])

    def published(self, key: bytes) -> list[bytes]:
        """What a reader of all topics sees of a key, but for what operators are told."""
        return [value for topic, of, value in self.kafka.log if of == key and topic != DEAD_LETTERS.name]

    async def suspended(self) -> set[str]:
        """The topics that rest now."""
        async with self._engine.connect() as connection:
            resting = select(suspended_topics.c.topic).where(suspended_topics.c.until > self.now)
            return set((await connection.execute(resting)).scalars())

    async def refused(self) -> list[bytes]:
        """The keys of the rows that were set aside."""
        async with self._engine.connect() as connection:
            kept = select(outbox.outbox.c.key).where(outbox.outbox.c.refusal.is_not(None))
            return list((await connection.execute(kept)).scalars())

    async def decide(self, *, discard: bool) -> bytes | None:
        """An operator tries the oldest refused row again, or deletes it; its key, None where there is none."""
        async with self._transactions.begin() as transaction:
            oldest = select(outbox.outbox).where(outbox.outbox.c.refusal.is_not(None)).order_by(outbox.outbox.c.id)
            row = (await transaction.connection.execute(oldest.limit(1))).one_or_none()
            if row is None:
                return None
            order = Order(OPERATOR, "never taken" if discard else None)
            done = await (refused_rows.discard if discard else refused_rows.release)(transaction, row.id, order)
        assert isinstance(done, Done)
        if discard:
            self.appended[row.key].remove((row.topic, row.value))
        return bytes(row.key)

    async def rest(self) -> None:
        """Nothing happens until a relay, started anew, finds nothing more to do."""
        for relay in list(self.relays):
            await self.crash(relay)
        for _ in range(LONGEST_REST):
            relay = self.relays[0]
            was_idle = relay.at == "idle" and not relay.outstanding
            await self.step(relay)
            if was_idle and self.relays[0] is relay and relay.at == "idle":
                return
        message = "the relay never comes to rest"
        raise AssertionError(message)

    def pass_time(self, passed: timedelta) -> None:
        """For suspensions."""
        self.now += passed

    async def crash(self, relay: Candidate) -> None:
        """kill -9: the connection ends and its lock with it; the transaction it left open stays."""
        if relay.connection is not None:
            await relay.connection.invalidate()
            await relay.connection.close()
        self.relays[self.relays.index(relay)] = Candidate()

    async def lose_lock(self, relay: Candidate) -> None:
        """The server ends the relay's session; its process does not know yet."""
        async with self._engine.begin() as connection:
            # Waits until the session has ended, so that what happens next does not depend on who is faster.
            await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": relay.session})

    async def step(self, relay: Candidate) -> None:
        """The relay's next step; any doubt ends its reign, as a lost connection does."""
        try:
            await self._step(relay)
        except (Doubt, DBAPIError):
            await self.crash(relay)

    async def _step(self, relay: Candidate) -> None:
        match relay.at:
            case "off":
                await self._take_lock(relay)
            case "locked":
                relay.epoch, relay.at = self.kafka.fence(), "fenced"
            case "fenced":
                relay.seen, relay.at = self.kafka.committed, "settled"
            case "settled":
                async with _connection(relay).begin():
                    relay.counter = await batches.settle(_connection(relay), relay.seen)
                async with _connection(relay).begin():
                    relay.outstanding = await batches.outstanding(_connection(relay))
                relay.at = "idle"
            case "idle":
                await self._claim(relay)
            case "claimed":
                await self._produce(relay)
            case "produced":
                self.kafka.commit(relay.epoch)
                relay.at = "committed"
            case "committed":
                async with _connection(relay).begin():
                    await batches.delete(_connection(relay), relay.batch)
                relay.at = "idle"

    async def _take_lock(self, relay: Candidate) -> None:
        relay.connection = await self._lock_engine.connect()
        asked = text("SELECT pg_try_advisory_lock(:lock), pg_backend_pid()")
        taken, relay.session = (await relay.connection.execute(asked, {"lock": LOCK})).one()
        await relay.connection.commit()
        if taken:
            relay.at = "locked"
        else:
            await relay.connection.close()
            relay.connection = None

    async def _claim(self, relay: Candidate) -> None:
        if relay.outstanding:
            relay.batch, relay.at = relay.outstanding.pop(0), "claimed"
            return
        async with _connection(relay).begin():
            claimed = await batches.claim(_connection(relay), relay.counter + 1, self.now, BATCH_ROWS)
        if claimed:
            relay.counter += 1
            relay.batch, relay.at = relay.counter, "claimed"

    async def _produce(self, relay: Candidate) -> None:
        connection = _connection(relay)
        async with connection.begin():
            rows = await batches.rows_of(connection, relay.batch)
        if not rows:
            relay.at = "idle"
            return
        failing = sorted({row.topic for row in rows} & self.kafka.failing)
        if failing:
            async with connection.begin():
                await batches.suspend(connection, relay.batch, failing[0], "does not exist", self.now)
            return
        self.kafka.begin(relay.epoch, relay.batch, rows)
        refused = next((row for row in rows if not is_acceptable(row.value)), None)
        if refused is None:
            relay.at = "produced"
            return
        told = refused_row("routing", refused, self.now)
        async with connection.begin():
            await batches.refuse(connection, relay.batch, refused.id, "too large", told)
        # As `chassis.relay` does: the transaction is left to the next one to fence.
        await self.crash(relay)


def _connection(relay: Candidate) -> AsyncConnection:
    assert relay.connection is not None
    return relay.connection
