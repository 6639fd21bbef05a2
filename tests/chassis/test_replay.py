"""A dead letter is replayed or discarded in one transaction with all that waited for it, whoever parks meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import pytest
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.envelope import encode
from infoparquet_contracts.overlap import written

from chassis.application import Faulty
from chassis.clock import new_id
from chassis.replay import Behind, Closed, Done, Fails, Unknown
from tests.builders import a_submission, an_event
from tests.chassis.letters_world import Letters, open_letters
from tests.contracts.builders import routed
from tests.processes import until


@pytest.fixture
async def letters(chassis_database: str) -> AsyncIterator[Letters]:
    async with open_letters(chassis_database, 4) as one:
        yield one


async def held(letters: Letters, procedure: UUID, behind: int = 2) -> tuple[UUID, list[UUID]]:
    """A letter of the procedure and the facts that wait behind it."""
    at_fault = letters.write(procedure, fails=True)
    waiting = [letters.write(procedure) for _ in range(behind)]
    await letters.read()
    assert len(await letters.parked()) == behind
    (letter,) = await letters.open_letters()
    return letter, [at_fault, *waiting]


async def test_after_the_fix_a_replay_applies_the_letter_then_what_waited_in_order(letters: Letters) -> None:
    procedure = new_id()
    before = letters.write(procedure)
    letter, facts = await held(letters, procedure)
    letters.failing.clear()
    assert await letters.replay(letter) == Done(released=2)
    assert await letters.applied(procedure) == [before, *facts]
    assert await letters.open_letters() == await letters.parked() == []


async def test_a_letter_that_fails_again_changes_nothing_but_its_fault_and_its_tries(letters: Letters) -> None:
    procedure = new_id()
    letter, _ = await held(letters, procedure)
    await letters.do("UPDATE dead_letters SET code = 'database-refused', pointer = ''")
    outcome = await letters.replay(letter)
    assert isinstance(outcome, Fails)
    assert (outcome.fault.code, outcome.fault.pointer) == (DeadLetterCode.UNPROCESSABLE, "/reference")
    assert await letters.do("SELECT code, pointer, tries, closed_at FROM dead_letters") == [
        ("unprocessable", "/reference", 2, None)
    ]
    assert (await letters.applied(procedure), await letters.parked()) == ([], [1, 2])


async def test_the_first_waiting_fact_that_fails_becomes_the_letter_the_others_wait_for(letters: Letters) -> None:
    procedure = new_id()
    letter, facts = await held(letters, procedure, behind=4)
    letters.failing = {facts[2]}
    outcome = await letters.replay(letter)
    (second,) = await letters.open_letters()
    assert outcome == Done(released=1, parked=2, letter=second)
    assert await letters.applied(procedure) == facts[:2]
    assert await letters.parked() == [3, 4]
    letters.failing.clear()
    assert await letters.replay(second) == Done(released=2)
    assert await letters.applied(procedure) == facts


async def test_a_discarded_letter_has_no_effect_even_when_the_journal_is_read_anew(letters: Letters) -> None:
    procedure = new_id()
    letter, facts = await held(letters, procedure)
    assert await letters.discard(letter) == Done(released=2)
    letters.failing.clear()
    letters.position = 0
    await letters.read()
    assert await letters.applied(procedure) == facts[1:]


async def test_what_was_discarded_stays_out_where_it_is_said_again_at_another_place(letters: Letters) -> None:
    procedure = new_id()
    letter, _ = await held(letters, procedure, behind=0)
    again = letters.journal[-1]
    letters.put(again.key, again.value, again.headers)
    await letters.read()
    assert await letters.parked() == [1]
    assert await letters.discard(letter) == Done(released=0)
    letters.failing.clear()
    letters.put(again.key, again.value, again.headers)
    last = letters.write(procedure)
    await letters.read()
    assert await letters.applied(procedure) == [last]


async def test_what_was_discarded_stays_out_even_where_it_comes_again_behind_another_letter(letters: Letters) -> None:
    procedure = new_id()
    first = letters.write(procedure)
    second, (_, last) = await held(letters, procedure, behind=1)
    letters.failing = {first}
    letters.position = 0
    for _ in letters.journal:
        await letters.read(1)
    assert await letters.parked() == [1, 2]
    again, _ = await letters.open_letters()
    assert await letters.discard(second) == Done(released=0, parked=2, letter=again)
    letters.failing.clear()
    assert await letters.replay(again) == Done(released=1)
    assert (await letters.applied(procedure), await letters.parked()) == ([first, last], [])


async def test_what_waits_does_so_in_every_version_and_goes_on_once(letters: Letters) -> None:
    procedure = new_id()
    letter, facts = await held(letters, procedure, behind=1)
    decided = an_event(routed(), subject=procedure)
    for record in written(decided):
        letters.put(record.key, record.value, record.headers)
    await letters.read()
    assert await letters.parked() == [1, 2, 3]
    letters.failing.clear()
    assert await letters.replay(letter) == Done(released=2)
    assert await letters.applied(procedure) == [*facts, decided.id]
    assert await letters.parked() == []


async def test_a_decision_about_a_closed_letter_changes_nothing_and_names_the_first(letters: Letters) -> None:
    letter, _ = await held(letters, new_id())
    await letters.discard(letter, "en double")
    for outcome in (await letters.replay(letter), await letters.discard(letter)):
        assert isinstance(outcome, Closed)
        assert outcome.by is not None
        assert (outcome.by.outcome, outcome.by.reason, outcome.by.subject) == ("discarded", "en double", "agent-7")
    assert await letters.do("SELECT action, outcome FROM dead_letter_decisions") == [("discard", "discarded")]
    assert await letters.replay(new_id()) == Unknown()


async def test_what_could_not_be_decoded_is_applied_once_it_can_be(letters: Letters) -> None:
    """As a newer version of the contracts does: here the bytes are mended instead of the code."""
    event = an_event(a_submission())
    record = encode(event)
    letters.put(record.key, b"{", record.headers)
    await letters.read()
    (letter,) = await letters.open_letters()
    assert isinstance(await letters.replay(letter), Fails)
    await letters.do("UPDATE dead_letters SET value = :value", value=record.value)
    assert await letters.replay(letter) == Done(released=0)
    assert await letters.applied(event.subject) == [event.id]


async def test_a_mended_record_waits_for_its_procedures_letter(letters: Letters) -> None:
    procedure = new_id()
    first, _ = await held(letters, procedure, behind=0)
    record = encode(an_event(a_submission(), subject=procedure))
    letters.put(record.key, b"{", record.headers)
    await letters.read()
    _, second = await letters.open_letters()
    await letters.do("UPDATE dead_letters SET value = :value WHERE id = :id", value=record.value, id=second)
    assert await letters.replay(second) == Behind(first)
    await letters.discard(first)
    assert await letters.replay(second) == Done(released=0)


async def test_what_is_parked_while_a_replay_runs_waits_for_a_letter_or_is_applied(letters: Letters) -> None:
    procedure = new_id()
    letter, facts = await held(letters, procedure, behind=1)
    letters.failing.clear()
    facts.append(letters.write(procedure))
    async with letters.transactions.begin() as transaction:
        await letters.replay_within(transaction, letter)
        consumer = asyncio.create_task(letters.read())
        await until(lambda: waits(letters), what="the consumer waits for the replay")
    await consumer
    assert await letters.applied(procedure) == facts
    assert await letters.parked() == []


async def test_a_replay_releases_what_a_consumer_was_parking_when_it_came(letters: Letters) -> None:
    procedure = new_id()
    letter, facts = await held(letters, procedure, behind=1)
    letters.failing.clear()
    facts.append(letters.write(procedure))
    async with letters.transactions.begin() as transaction:
        await letters.application.apply(transaction, letters.journal[-1:], careful=False)
        operator = asyncio.create_task(letters.replay(letter))
        await until(lambda: waits(letters), what="the replay waits for the consumer")
    assert await operator == Done(released=2)
    assert await letters.applied(procedure) == facts
    assert await letters.parked() == []


async def test_what_comes_while_a_replay_finds_another_fault_waits_for_that_one(letters: Letters) -> None:
    procedure = new_id()
    letter, facts = await held(letters, procedure, behind=1)
    letters.failing = {facts[1]}
    letters.write(procedure)
    async with letters.transactions.begin() as transaction:
        await letters.replay_within(transaction, letter)
        consumer = asyncio.create_task(letters.read())
        await until(lambda: waits(letters), what="the consumer waits for the replay")
    await consumer
    assert await letters.applied(procedure) == facts[:1]
    assert await letters.parked() == [2]
    assert len(await letters.open_letters()) == 1


async def test_two_replays_at_once_are_one(letters: Letters) -> None:
    letter, _ = await held(letters, new_id())
    letters.failing.clear()
    outcomes = await asyncio.gather(*(letters.replay(letter) for _ in range(3)))
    assert sorted(type(one).__name__ for one in outcomes) == ["Closed", "Closed", "Done"]


async def test_a_batch_of_other_procedures_waits_for_no_replay(letters: Letters) -> None:
    letter, _ = await held(letters, new_id())
    letters.failing.clear()
    other = new_id()
    fact = letters.write(other)
    async with letters.transactions.begin() as transaction:
        await letters.replay_within(transaction, letter)
        await letters.read()
        assert await letters.applied(other) == [fact]


async def test_a_replay_that_is_rolled_back_leaves_all_as_it_was(letters: Letters) -> None:
    procedure = new_id()
    letter, facts = await held(letters, procedure)
    letters.failing.clear()
    with suppress(Faulty):
        async with letters.transactions.begin() as transaction:
            await letters.replay_within(transaction, letter)
            raise Faulty
    assert (await letters.open_letters(), await letters.parked()) == ([letter], [1, 2])
    assert await letters.do("SELECT 1 FROM dead_letter_decisions") == []
    assert await letters.replay(letter) == Done(released=2)
    assert await letters.applied(procedure) == facts


async def waits(letters: Letters) -> bool:
    """Whether a session of this database waits for another's lock."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await letters.do(query))
