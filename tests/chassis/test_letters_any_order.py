"""Whatever fails, is mended, read again, lost half-way, replayed or discarded, and in whatever order: nothing is lost.

Each fact is applied once, in the journal's order within its procedure, or discarded, or behind an open letter.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from infoparquet_contracts.topics import JOURNAL
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.application import Faulty
from chassis.database import open_engine
from chassis.replay import Behind, Done
from tests.chassis.letters_world import Letters

T = TypeVar("T")

PROCEDURES = [UUID(int=place) for place in range(1, 3)]
FAULTY, STEPS = 0.3, 40


class Desk:
    """The world, with the loop its connections live on, and which facts the journal holds for each procedure."""

    def __init__(self, loop: asyncio.AbstractEventLoop, engine: AsyncEngine, random: Random) -> None:
        self._loop = loop
        self._random = random
        self._world = Letters(engine)
        self._said: dict[UUID, list[UUID]] = defaultdict(list)
        self._places: dict[UUID, int] = {}
        self._furthest = 0
        # Facts that were discarded without ever having been applied.
        self._given_up: set[UUID] = set()
        self._do(self._world.empty())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def _places_of(self, where: str) -> set[int]:
        rows = self._do(self._world.do(f'SELECT "offset" FROM {where}'))  # noqa: S608 - our own words
        return {offset for (offset,) in rows}

    def _applied(self) -> set[UUID]:
        return {fact for procedure in PROCEDURES for fact in self._do(self._world.applied(procedure))}

    def _open(self) -> list[UUID]:
        return self._do(self._world.open_letters())

    def anything_happens(self) -> None:
        """One step, then all that must hold after each."""
        steps = {
            self.a_procedure_goes_on: 4,
            self.somebody_writes_what_nobody_can_read: 1,
            self.the_consumer_reads_on: 6,
            self.the_journal_is_read_again: 2,
            self.a_fault_is_mended: 2,
            self.a_new_version_cannot_do_what_the_last_one_could: 1,
            self.an_operator_decides: 6,
        }
        (step,) = self._random.choices(list(steps), list(steps.values()))
        step()
        self.a_procedures_facts_have_their_effects_in_its_order()
        self.what_was_read_is_applied_or_kept()
        self.what_was_discarded_never_happens()
        self.what_waits_waits_for_an_open_letter()

    def a_procedure_goes_on(self) -> None:
        procedure = self._random.choice(PROCEDURES)
        for _ in range(self._random.randint(1, 4)):
            fact = self._world.write(procedure, fails=self._random.random() < FAULTY)
            self._said[procedure].append(fact)
            self._places[fact] = len(self._world.journal) - 1

    def somebody_writes_what_nobody_can_read(self) -> None:
        self._world.put(str(self._random.choice(PROCEDURES)).encode(), b"{", ())

    def the_consumer_reads_on(self) -> None:
        self._do(self._world.read(self._random.choice([1, 3, 100])))
        self._furthest = max(self._furthest, self._world.position)

    def the_journal_is_read_again(self) -> None:
        self._world.position = max(0, self._world.position - self._random.choice([1, 3, 100]))

    def a_fault_is_mended(self) -> None:
        if self._world.failing and self._random.random() < 0.5:
            self._world.failing.remove(self._random.choice(sorted(self._world.failing)))
        else:
            self._world.failing.clear()

    def a_new_version_cannot_do_what_the_last_one_could(self) -> None:
        if self._places:
            self._world.failing.add(self._random.choice(sorted(self._places)))

    def an_operator_decides(self) -> None:
        letters = self._open()
        if not letters:
            return
        letter = self._random.choice(letters)
        match self._random.choice(["replay", "replay", "replay and die", "discard"]):
            case "discard":
                before_it = self._applied()
                assert isinstance(self._do(self._world.discard(letter)), Done)
                given_up = self._places_of(f"dead_letters WHERE id = '{letter}'")
                self._given_up |= {one for one, at in self._places.items() if at in given_up} - before_it
            case "replay":
                self._do(self._world.replay(letter))
            case _:
                self._do(self._die_while_replaying(letter))
                assert self._open() == letters

    async def _die_while_replaying(self, letter: UUID) -> None:
        with suppress(Faulty):
            async with self._world.transactions.begin() as transaction:
                await self._world.replay_within(transaction, letter)
                raise Faulty

    def a_procedures_facts_have_their_effects_in_its_order(self) -> None:
        for procedure, said in self._said.items():
            applied = self._do(self._world.applied(procedure))
            assert applied == [fact for fact in said if fact in applied]

    def what_was_read_is_applied_or_kept(self) -> None:
        applied = self._applied()
        kept = self._places_of("parked_facts") | self._places_of("dead_letters WHERE closed_at IS NULL OR discarded")
        for fact, place in self._places.items():
            assert place >= self._furthest or fact in applied or place in kept

    def what_was_discarded_never_happens(self) -> None:
        assert not self._given_up & self._applied()

    def what_waits_waits_for_an_open_letter(self) -> None:
        waiting = """SELECT 1 FROM parked_facts AS p WHERE NOT EXISTS (
            SELECT FROM dead_letters AS d WHERE d.procedure_id = p.procedure_id AND d.parks AND d.closed_at IS NULL)"""
        assert not self._do(self._world.do(waiting))

    def all_ends_well(self) -> None:
        """In the end all is mended and every letter is decided: what was not discarded has happened, in order."""
        self._world.failing.clear()
        while self._world.position < len(self._world.journal):
            self.the_consumer_reads_on()
        while letters := self._open():
            for letter in letters:
                outcome = self._do(self._world.replay(letter))
                assert not isinstance(outcome, Behind), "letters are replayed in the journal's order"
                if not isinstance(outcome, Done):
                    self._do(self._world.discard(letter))
        discarded = self._places_of(f"dead_letters WHERE discarded AND topic = '{JOURNAL.name}'")
        for procedure, said in self._said.items():
            applied = self._do(self._world.applied(procedure))
            # One that was applied before a version that could not, and was discarded then, keeps its effect.
            assert [fact for fact in said if fact in applied or self._places[fact] not in discarded] == applied
        assert not self._places_of("parked_facts")


def test_nothing_is_lost_or_out_of_order_whatever_operators_decide(chassis_database: str) -> None:
    loop = asyncio.new_event_loop()
    engine = open_engine(chassis_database, name="tests", connections=2)

    # The steps come from the seed: drawn one by one they are too few and too alike to lead anywhere.
    @settings(max_examples=25, deadline=None)
    @given(seed=st.integers(0, 2**63))
    def whatever_happens(seed: int) -> None:
        desk = Desk(loop, engine, Random(seed))  # noqa: S311 - no secret
        for _ in range(STEPS):
            desk.anything_happens()
        desk.all_ends_well()

    try:
        whatever_happens()
    finally:
        loop.run_until_complete(engine.dispose())
        loop.close()
