"""Run by Python before anything else where this folder is on its path: one rule of the journal's protocol taken out.

`INFOPARQUET_WITHOUT` names it; a double stands where the product's part was, in the tests' process and in the services
they start. `python -m tests.faults.rules` runs each rule's test so, which must then fail.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4


def _a_frozen_holder_loses_its_lock() -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from chassis import database

    def open_lock_engine(url: str, *, name: str) -> Any:
        arguments = database._arguments(name, database.LIMITS)  # noqa: SLF001
        return create_async_engine(database._asyncpg(url), poolclass=NullPool, connect_args=arguments)  # noqa: SLF001

    database.open_lock_engine = open_lock_engine


def _the_counter_is_raised_to_kafkas() -> None:
    from sqlalchemy import delete, select

    from chassis import batches

    async def settle(connection: Any, committed: int) -> int:
        counter = (await connection.execute(select(batches.relay_state.c.batch))).scalar_one()
        await connection.execute(delete(batches.outbox).where(batches.outbox.c.batch <= committed))
        return int(counter)

    batches.settle = settle


def _what_went_out_is_deleted() -> None:
    from sqlalchemy import select, update

    from chassis import batches

    async def settle(connection: Any, committed: int) -> int:
        counter = (await connection.execute(select(batches.relay_state.c.batch))).scalar_one()
        await connection.execute(update(batches.relay_state).values(batch=max(int(counter), committed)))
        return max(int(counter), committed)

    batches.settle = settle


def _a_resting_topic_holds_the_later_rows() -> None:
    from chassis import batches
    from chassis.batches import text

    claim = str(batches._CLAIM).replace("topic IN (SELECT topic FROM resting) GROUP BY key", "false GROUP BY key")  # noqa: SLF001
    batches._CLAIM = text(claim)  # noqa: SLF001


def _a_refused_row_holds_the_later_rows() -> None:
    from chassis import batches
    from chassis.batches import text

    claim = str(batches._CLAIM).replace("WHERE refusal IS NOT NULL GROUP BY key", "WHERE false GROUP BY key")  # noqa: SLF001
    batches._CLAIM = text(claim)  # noqa: SLF001


def _a_receipts_id_is_derived() -> None:
    from infoparquet_contracts import identifiers

    identifiers.receipt_id = lambda _: uuid4()


def _records_are_decoded_one_by_one() -> None:
    from chassis import passthrough

    keep_raw = passthrough.keep_raw

    async def decoded_at_once(records: Any) -> Any:
        for record in records:
            for name, value in record.headers:
                name.encode()
                value.decode()
            record.value.decode()
        return await keep_raw(records)

    passthrough.keep_raw = decoded_at_once


def _positions_move_by_compare_and_set() -> None:
    from sqlalchemy import update

    from chassis import positions

    async def move(connection: Any, expected: Any, to: Mapping[Any, int]) -> None:
        table = positions.positions
        for one, offset in sorted(to.items()):
            its = (table.c.topic == one.topic) & (table.c.partition == one.partition)
            await connection.execute(update(table).where(its).values(next_offset=offset))

    positions.move = move


def _a_position_is_of_one_cluster() -> None:
    from chassis import positions

    load = positions.load

    async def of_any_cluster(connection: Any, starts: Any, cluster_id: str) -> Any:
        await connection.execute(positions.positions.update().values(cluster_id=cluster_id))
        return await load(connection, starts, cluster_id)

    positions.load = of_any_cluster


def _waves_keep_the_order() -> None:
    from chassis import waves

    def cut(events: Any, handler_of: Any) -> Any:
        groups: dict[Any, list[Any]] = {}
        for event in events:
            groups.setdefault(handler_of(event), []).append(event)
        return [groups]

    waves.cut = cut


def _the_one_fact_at_fault_is_found() -> None:
    from chassis import application

    async def isolate(self: Any, handler: Any, group: Any, error: Exception) -> None:
        for event in group:
            fault = application._fault(error)  # noqa: SLF001
            await self.application.bury(self.transaction, self.raw[event.id], fault, event.subject)

    application._Batch._isolate = isolate  # noqa: SLF001


def _later_facts_are_parked() -> None:
    from chassis import application

    async def nobody_waits(self: Any, group: Any) -> Any:
        return list(group)

    application._Batch._without_waiting = nobody_waits  # noqa: SLF001


def _a_number_is_its_procedures_for_ever() -> None:
    from services.numbering import store

    async def numbered(connection: Any, procedures: Any) -> set[Any]:
        return set()

    store.numbered = numbered


def _a_place_that_is_gone_stops_reading() -> None:
    from faststream.kafka import KafkaBroker

    subscriber = KafkaBroker.subscriber

    def reads_on(self: Any, *topics: str, **options: Any) -> Any:
        return subscriber(self, *topics, **options | {"auto_offset_reset": "earliest"})

    KafkaBroker.subscriber = reads_on


def _what_the_world_did_is_waited_for() -> None:
    from chassis import errors

    errors.is_unavailable = lambda _: False


def _what_the_data_did_is_not_waited_for() -> None:
    from chassis import errors

    errors.is_unavailable = lambda _: True


def _a_mail_in_hand_has_a_lease() -> None:
    from datetime import timedelta

    from services.notify import queue

    claim = queue.claim

    async def claimed_for_no_time(connection: Any, now: Any, lease: Any, most: int) -> Any:
        return await claim(connection, now, timedelta(0), most)

    queue.claim = claimed_for_no_time


def _what_waits_is_not_said_again() -> None:
    from chassis import said_facts
    from chassis.said_facts import text

    for name in ("_OVERDUE", "_TAKE"):
        statement = str(getattr(said_facts, name)).replace(said_facts._GONE_FROM_OUTBOX, "true")  # noqa: SLF001
        setattr(said_facts, name, text(statement))


def _a_restored_database_reads_back_first() -> None:
    from chassis import relayed

    async def takes_it_as_it_is(connection: Any, published: int) -> None:
        """Whatever Kafka knows of it."""

    relayed.refuse_restored = takes_it_as_it_is


DOUBLES: Mapping[str, Callable[[], None]] = {
    double.__name__.strip("_").replace("_", "-"): double
    for double in (
        _a_frozen_holder_loses_its_lock,
        _the_counter_is_raised_to_kafkas,
        _what_went_out_is_deleted,
        _a_resting_topic_holds_the_later_rows,
        _a_refused_row_holds_the_later_rows,
        _a_receipts_id_is_derived,
        _records_are_decoded_one_by_one,
        _positions_move_by_compare_and_set,
        _a_position_is_of_one_cluster,
        _waves_keep_the_order,
        _the_one_fact_at_fault_is_found,
        _later_facts_are_parked,
        _a_number_is_its_procedures_for_ever,
        _a_place_that_is_gone_stops_reading,
        _what_the_world_did_is_waited_for,
        _what_the_data_did_is_not_waited_for,
        _a_mail_in_hand_has_a_lease,
        _what_waits_is_not_said_again,
        _a_restored_database_reads_back_first,
    )
}

if _rule := os.environ.get("INFOPARQUET_WITHOUT"):
    DOUBLES[_rule]()
