"""What was said and is not in the journal is said again, to the letter; what is only slow is not."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from infoparquet_contracts.envelope import Event, id_of
from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.topics import JOURNAL, common_topics, tribunal_topic
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import refused_rows, said_facts
from chassis.clock import new_id
from chassis.comparison import Fact, Holdings
from chassis.decisions import Order
from chassis.identity import Caller
from chassis.kafka import KafkaProbe, KafkaSettings
from chassis.metrics import Metrics
from chassis.misplaced import read_anew
from chassis.outbox import Outgoing, to_journal
from chassis.positions import Misplaced
from chassis.reconciliation import PLACE, Reconciler, ReconcilerParts
from chassis.replay import Done
from chassis.room import Room
from chassis.sources import Source
from chassis.sweep import Sweep
from chassis.topics import create_missing
from chassis.transaction import Transaction, Transactions
from deploy.local.kafka import ApacheKafka
from services.routing.delivery import Dossiers, delivery_of, to_court
from tests.builders import a_submission, an_event
from tests.chassis.journal import committed, raw, write
from tests.chassis.outbox import Outbox, opened
from tests.contracts.builders import routed
from tests.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

COURT = tribunal_topic("tj33063")
NEVER = timedelta(hours=1)


class Service:
    """What routing says, its relay, and its search for what did not come back."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.kafka = KafkaSettings(bootstrap=outbox.bootstrap)
        self.probe = KafkaProbe(self.kafka, "routing")
        self.metrics = Metrics()
        self.transactions = Transactions(
            outbox.engine, service="routing", relay_bell=outbox.bell, room=Room(2**30, self.metrics)
        )
        # As if its tables had lost these.
        self.lost: set[UUID] = set()

    async def look(self, after: timedelta = timedelta(0)) -> int:
        """One round; how many facts were said again."""
        sweep = Sweep(
            self.transactions, Source(JOURNAL.name, {Submitted: nothing}), Holdings(self._unapplied), self.metrics
        )
        parts = ReconcilerParts(
            "routing", self.transactions, self.kafka, self.probe, self.metrics, sweep, lambda: True, after
        )
        return await Reconciler(parts).look()

    async def _unapplied(self, _: AsyncConnection, asked: Collection[Fact]) -> set[UUID]:
        return {fact.id for fact in asked} & self.lost

    async def publish(self) -> None:
        """Have the relay empty the outbox."""
        async with self.outbox.relay():
            await self.outbox.is_left(0)

    async def journal(self, *procedures: UUID) -> list[ConsumerRecord]:
        """What it holds of these, partition by partition in order."""
        keys = {str(one).encode() for one in procedures}
        return [one for one in await committed(self.outbox.bootstrap, JOURNAL) if one.key in keys]

    async def loses_its_cluster(self, procedure: UUID) -> None:
        """Nothing of a published procedure is in the journal any more, which is another cluster's; it is read anew."""
        *_, last = await self.journal(procedure)
        await cut(self.outbox.bootstrap, last.partition, last.offset + 1)
        await self.outbox.change("UPDATE positions SET cluster_id = 'another'")
        await read_anew(self.transactions, self.probe, self.kafka)

    async def says_all_again(self, procedure: UUID, count: int) -> list[str | None]:
        """Look and publish until so many facts are there; their ids as the journal has them."""
        await self.publish()

        async def there() -> bool:
            await self.look()
            await self.publish()
            return len(await self.journal(procedure)) >= count

        await until(there, what=f"{count} facts said again")
        return ids(await self.journal(procedure))

    async def unheard(self) -> list[Any]:
        return await self.outbox.rows("SELECT id FROM said_facts WHERE partition IS NULL")


class Failing(Transactions):
    """The database goes away after `left` transactions."""

    left = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        self.left -= 1
        if self.left < 0:
            raise ConnectionResetError
        async with super().begin() as transaction:
            yield transaction


@pytest_asyncio.fixture(loop_scope="session")
async def service(chassis_database: str, kafka_server: ApacheKafka) -> AsyncIterator[Service]:
    await create_missing(KafkaSettings(bootstrap=kafka_server.bootstrap), [*common_topics(["routing"]), COURT])
    async with opened(chassis_database, kafka_server.bootstrap) as outbox:
        one = Service(outbox)
        yield one
        await one.probe.close()


def facts(procedure: UUID, count: int) -> list[Outgoing]:
    said = (an_event(a_submission(), subject=procedure, source="/services/routing") for _ in range(count))
    return to_journal(*said)


def delivery(procedure: UUID) -> list[Outgoing]:
    data = delivery_of(procedure, a_submission(), routed("tj33063"), "2026-00000042-26", Dossiers("https://a.example"))
    return to_court("tj33063", an_event(data, subject=procedure, source="/services/routing"), receipted=True)


async def nothing(_: Transaction, facts: Sequence[Event[Any]]) -> list[Outgoing]:
    return []


async def cut(bootstrap: str, partition: int, before: int) -> None:
    """Delete what stands in a partition of the journal before that offset."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(JOURNAL.name, partition): RecordsToDelete(before_offset=before)})
    await admin.close()


def ids(records: Sequence[ConsumerRecord | Outgoing]) -> list[str | None]:
    return [
        id_of(one.record.headers, None) if isinstance(one, Outgoing) else id_of(one.headers, None) for one in records
    ]


async def test_a_row_deleted_before_the_relay_took_it_is_published_with_its_own_id(service: Service) -> None:
    procedure = new_id()
    said = facts(procedure, 3)
    await service.outbox.append(said)
    assert await service.outbox.change("DELETE FROM outbox WHERE id IN (SELECT max(id) FROM outbox)") == 1
    assert await service.look() == 1
    await service.publish()
    assert ids(await service.journal(procedure)) == ids(said)
    assert (await service.look(), await service.unheard()) == (0, [])
    assert service.metrics.registry.get_sample_value("infoparquet_resent_facts_total") == 1


async def test_what_is_only_slow_is_not_said_again(service: Service) -> None:
    procedure = new_id()
    said = facts(procedure, 2)
    await service.outbox.append(said)
    assert await service.look() == 0, "it waits in the outbox"
    await service.outbox.change("DELETE FROM outbox WHERE id IN (SELECT min(id) FROM outbox)")
    assert await service.look(after=NEVER) == 0, "its deadline has not passed"
    await service.publish()
    assert await service.look(after=NEVER) == 0
    assert len(await service.journal(procedure)) == 1


async def test_what_an_operator_discarded_is_not_said_again(service: Service) -> None:
    await service.outbox.append(facts(new_id(), 1))
    await service.outbox.change("UPDATE outbox SET refusal = 'MessageSizeTooLargeError'")
    ((row,),) = await service.outbox.rows("SELECT id FROM outbox")
    order = Order(Caller("someone", "operator", "", frozenset()), "a test record")
    async with service.transactions.begin() as transaction:
        assert isinstance(await refused_rows.discard(transaction, row, order), Done)
    assert (await service.look(), await service.unheard()) == (0, [])


async def test_two_that_look_at_once_say_it_once(service: Service) -> None:
    procedure = new_id()
    await service.outbox.append(facts(procedure, 1))
    await service.outbox.change("DELETE FROM outbox")
    await service.outbox.change("UPDATE said_facts SET said_at = said_at - interval '1 day'")
    # What moves their place would have one of them begin again.
    await service.look(after=NEVER * 24)
    assert sorted(await asyncio.gather(service.look(after=NEVER), service.look(after=NEVER))) == [0, 1]
    await service.publish()
    assert len(await service.journal(procedure)) == 1


async def test_a_lost_delivery_is_handed_over_and_its_receipt_kept(service: Service) -> None:
    procedure = new_id()
    await service.outbox.append(delivery(procedure))
    await service.outbox.change("DELETE FROM outbox")
    assert await service.look() == 1
    await service.publish()
    await service.look()
    (receipt,) = await service.journal(procedure)
    kept = await service.outbox.rows("SELECT topic, value, receipted FROM said_facts")
    assert (kept[-1], await service.unheard()) == ((JOURNAL.name, receipt.value, False), [])


async def test_facts_from_before_a_restored_backup_are_learnt_from_the_journal(service: Service) -> None:
    procedure = new_id()
    await service.outbox.append(facts(procedure, 2))
    await service.publish()
    await service.outbox.change("DELETE FROM said_facts")
    assert await service.look() == 0
    kept = await service.outbox.rows("SELECT procedure_id FROM said_facts ORDER BY place")
    assert kept.count((procedure,)) == 2


async def test_what_was_truncated_before_it_came_back_is_said_again(service: Service) -> None:
    procedure = new_id()
    said = facts(procedure, 2)
    await service.look()
    await service.outbox.append(said)
    await service.publish()
    (_, last) = await service.journal(procedure)
    await cut(service.outbox.bootstrap, last.partition, last.offset)
    assert await service.look() == 1
    await service.publish()
    assert ids(await service.journal(procedure)) == list(reversed(ids(said)))


async def test_a_new_cluster_has_all_in_the_old_ones_order_wherever_the_rows_lie(service: Service) -> None:
    procedure = new_id()
    said = facts(procedure, said_facts.MOST_AT_ONCE + 200)
    await service.outbox.append(said)
    await service.publish()
    await service.look()
    # As time does: what is changed is written elsewhere.
    await service.outbox.change("UPDATE said_facts SET said_at = said_at WHERE place % 3 = 0")
    await service.loses_its_cluster(procedure)
    assert await service.says_all_again(procedure, len(said)) == ids(said)


@pytest.mark.parametrize("refusal", ["NULL", "'TopicAuthorizationFailedError'"])
async def test_what_waited_or_was_not_heard_comes_after_what_is_said_again(service: Service, refusal: str) -> None:
    procedure = new_id()
    said = facts(procedure, 5)
    await service.outbox.append(said[:2])
    await service.publish()
    await service.look()
    await service.outbox.append(said[2:3])
    await service.publish()
    await service.outbox.append(said[3:])
    await service.outbox.change(f"UPDATE outbox SET refusal = {refusal} WHERE id IN (SELECT min(id) FROM outbox)")  # noqa: S608
    await service.loses_its_cluster(procedure)
    assert await service.says_all_again(procedure, len(said)) == ids(said)


async def test_a_journal_that_ends_before_what_was_read_is_said_and_not_filled_up(service: Service) -> None:
    await service.outbox.append(facts(new_id(), 1))
    await service.publish()
    await service.look()
    place = f"topic = '{PLACE}' AND partition = 3"
    await service.outbox.change(f"UPDATE positions SET next_offset = 10000 WHERE {place}")  # noqa: S608
    with pytest.raises(Misplaced, match=r"\[3\]: read to 10000, the log ends at"):
        await service.look()


async def test_a_look_that_is_cut_short_goes_on_where_it_was_though_the_service_says_nothing(service: Service) -> None:
    await service.look()
    others = [raw(an_event(a_submission(), source="/services/intake")) for _ in range(800)]
    first = await write(service.outbox.bootstrap, JOURNAL.name, 5, others)
    await write(service.outbox.bootstrap, JOURNAL.name, 5, others)
    whole = service.transactions
    service.transactions = Failing(
        service.outbox.engine, service="routing", relay_bell=service.outbox.bell, room=Room(2**30, service.metrics)
    )
    # What is overdue, where it stands, and the first of what it reads.
    service.transactions.left = 3
    with pytest.raises(ConnectionResetError):
        await service.look()
    place = f"SELECT next_offset FROM positions WHERE topic = '{PLACE}' AND partition = 5"  # noqa: S608
    ((reached,),) = await service.outbox.rows(place)
    assert first < reached < first + 1600
    service.transactions = whole
    await service.look()
    assert await service.outbox.rows(place) == [(first + 1600,)]


async def test_what_stands_in_the_journal_and_has_had_no_effect_here_is_counted(service: Service) -> None:
    said = facts(new_id(), 2)
    await service.outbox.append(said)
    await service.publish()
    (lost, _) = (UUID(str(one)) for one in ids(said))
    for service.lost, count in (({lost}, 1), (set(), 0)):
        await service.look()
        assert service.metrics.registry.get_sample_value("infoparquet_lacking_facts") == count
