"""What numbering does with a batch of the journal, on a real PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from infoparquet_contracts.envelope import Event
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.exc import IntegrityError

from services.numbering import store
from services.numbering.handlers import HANDLERS
from tests.builders import a_submission, an_event
from tests.processes import until
from tests.services.in_process import InProcess

LAST_OF_2026 = datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
FIRST_OF_2027 = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)


def submitted(count: int = 1, *, at: datetime = LAST_OF_2026) -> list[Event[Any]]:
    """So many procedures as intake submits them."""
    return [an_event(a_submission(at=at)) for _ in range(count)]


def sequences(said: list[Event[Any]]) -> list[int]:
    return [int(event.data.number.split("-")[1]) for event in said]


async def test_each_procedure_gets_the_next_number_and_the_journal_is_told(numbering: InProcess) -> None:
    first, second = submitted(2)
    said = await numbering.read(first, second)
    assert [(event.data.fact, event.subject, event.source) for event in said] == [
        ("numbered", first.subject, "/services/numbering"),
        ("numbered", second.subject, "/services/numbering"),
    ]
    assert [event.data.number for event in said] == ["2026-00000001-52", "2026-00000002-49"]
    assert {event.data.authority for event in said} == {"local"}
    rows = await numbering.rows("SELECT procedure_id, number, authority, administration FROM numbers ORDER BY number")
    assert rows == [(event.subject, event.data.number, "local", "dreal-33") for event in said]


async def test_a_fact_said_for_another_is_in_its_trace(numbering: InProcess) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    (said,) = await numbering.read(an_event(a_submission(), traceparent=trace))
    assert said.traceparent == trace


async def test_a_replayed_batch_changes_nothing_and_says_nothing(numbering: InProcess) -> None:
    batch = submitted(3)
    await numbering.read(*batch)
    before = await numbering.rows("SELECT * FROM numbers ORDER BY number")
    assert await numbering.read(*batch) == []
    assert await numbering.read(*reversed(batch)) == []
    assert await numbering.rows("SELECT * FROM numbers ORDER BY number") == before
    assert await numbering.rows("SELECT year, last FROM sequences") == [(2026, 3)]


async def test_a_batch_that_repeats_half_of_another_numbers_the_rest_alone(numbering: InProcess) -> None:
    batch = submitted(4)
    await numbering.read(*batch[:2])
    assert sequences(await numbering.read(*batch)) == [3, 4]


async def test_a_procedure_submitted_twice_in_one_batch_has_one_number(numbering: InProcess) -> None:
    (first,) = submitted(1)
    again = an_event(first.data, subject=first.subject)
    assert len(await numbering.read(first, again)) == 1
    assert await numbering.rows("SELECT year, last FROM sequences") == [(2026, 1)]


async def test_a_batch_across_new_year_takes_from_both_years(numbering: InProcess) -> None:
    old, new = submitted(3, at=LAST_OF_2026), submitted(2, at=FIRST_OF_2027)
    said = await numbering.read(old[0], new[0], old[1], new[1], old[2])
    assert [event.data.number[:13] for event in said] == [
        "2026-00000001",
        "2027-00000001",
        "2026-00000002",
        "2027-00000002",
        "2026-00000003",
    ]
    assert await numbering.rows("SELECT year, last FROM sequences ORDER BY year") == [(2026, 3), (2027, 2)]


async def test_a_thousand_facts_take_their_numbers_in_one_statement(numbering: InProcess) -> None:
    await numbering.read(*submitted(1))
    batch = submitted(600) + submitted(400, at=FIRST_OF_2027)
    with statements(numbering) as sent:
        said = await numbering.read(*batch)
    assert len(said) == 1000
    assert Counter(sequences(said)) == Counter([*range(2, 602), *range(1, 401)])
    assert len([statement for statement in sent if "sequences" in statement]) == 1
    assert len([statement for statement in sent if "INSERT INTO numbers" in statement]) == 1
    assert len(sent) < 10, sent


async def test_a_batch_that_is_rolled_back_leaves_no_gap(numbering: InProcess) -> None:
    lost, kept = submitted(5), submitted(2)
    async with numbering.abandoned() as transaction:
        await numbering.apply(transaction, lost)
    assert sequences(await numbering.read(*kept)) == [1, 2]
    assert sequences(await numbering.read(*lost)) == [3, 4, 5, 6, 7]


async def test_two_transactions_at_once_take_different_numbers_without_a_gap(numbering: InProcess) -> None:
    first, second = submitted(3), submitted(2)
    async with numbering.running.transactions.begin() as transaction:
        await numbering.apply(transaction, first)
        other = asyncio.create_task(numbering.read(*second))
        await until(lambda: waiting(numbering), what="the second waits for the first one's sequence")
    assert sequences(await other) == [4, 5]
    assert await numbering.rows("SELECT sequence FROM numbers ORDER BY sequence") == [(one,) for one in range(1, 6)]


async def test_what_a_concurrent_transaction_gives_back_is_taken_by_the_other(numbering: InProcess) -> None:
    async with numbering.abandoned() as transaction:
        await numbering.apply(transaction, submitted(3))
        other = asyncio.create_task(numbering.read(*submitted(2)))
        await until(lambda: waiting(numbering), what="the second waits for the first one's sequence")
    assert sequences(await other) == [1, 2]


async def test_two_transactions_across_new_year_do_not_wait_for_each_other_in_a_ring(numbering: InProcess) -> None:
    def mixed() -> list[Event[Any]]:
        return [*submitted(5, at=FIRST_OF_2027), *submitted(5, at=LAST_OF_2026)]

    said = await asyncio.gather(*(numbering.read(*batch) for batch in (mixed(), list(reversed(mixed())), mixed())))
    assert sorted(sequences([event for one in said for event in one])) == sorted([*range(1, 16)] * 2)


async def test_the_same_procedure_in_two_transactions_at_once_never_gets_two_numbers(numbering: InProcess) -> None:
    """The positions keep two owners apart; should they not, the second fails whole instead of giving another number."""
    (allocate,) = HANDLERS.values()
    batch = submitted(2)

    async def second() -> None:
        async with numbering.running.transactions.begin() as transaction:
            await allocate(transaction, batch)

    async with numbering.running.transactions.begin() as transaction:
        await allocate(transaction, batch)
        other = asyncio.create_task(second())
        await until(lambda: waiting(numbering), what="the second waits for the first one's sequence")
    with pytest.raises(IntegrityError):
        await other
    assert sequences(await numbering.read(*submitted(1))) == [3]


async def test_migrations_make_the_tables_that_the_code_declares(numbering: InProcess) -> None:
    assert await numbering.drift(store.metadata) == []


async def waiting(numbering: InProcess) -> bool:
    """Whether a session of this database waits for another's lock."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await numbering.rows(query))


@contextmanager
def statements(numbering: InProcess) -> Iterator[list[str]]:
    """Every statement that SQLAlchemy sends meanwhile; one for many rows counts once."""
    sent: list[str] = []
    engine = numbering.running.engine.sync_engine

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    sqlalchemy_event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sqlalchemy_event.remove(engine, "before_cursor_execute", note)
