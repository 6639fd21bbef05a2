"""Whatever two relays, a broker, a database and time do, and in whatever order: the outbox goes out once, in order."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from infoparquet_contracts.topics import DEAD_LETTERS, JOURNAL, tribunal_topic
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import open_engine, open_lock_engine
from tests.chassis.outbox_world import World, is_acceptable

T = TypeVar("T")

KEYS = [str(UUID(int=place)).encode() for place in range(3)]
TOPICS = [JOURNAL.name, tribunal_topic("tj33063").name]
keys, topics, relays = st.sampled_from(KEYS), st.sampled_from(TOPICS), st.sampled_from([0, 1])


class Outbox(RuleBasedStateMachine):
    """The world, with the loop its connections live on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, engine: AsyncEngine, lock_engine: AsyncEngine) -> None:
        super().__init__()
        self._loop = loop
        self._world = World(engine, lock_engine)
        # The keys of the refused rows that an operator has decided about: each was told of, and may be again.
        self._decided: list[bytes] = []
        self._do(self._world.empty())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def reigns(self) -> bool:
        return any(relay.at != "off" for relay in self._world.relays)

    def has_failing_topics(self) -> bool:
        return bool(self._world.kafka.failing)

    @rule(key=keys, topic=topics, count=st.integers(1, 3), urgent=st.booleans())
    def a_service_says_something(self, key: bytes, topic: str, count: int, urgent: bool) -> None:
        for _ in range(count):
            self._do(self._world.append(key, topic, acceptable=True, urgent=urgent))

    @rule(key=keys)
    def a_service_says_what_the_broker_never_takes(self, key: bytes) -> None:
        self._do(self._world.append(key, JOURNAL.name, acceptable=False))

    @rule(relay=relays, steps=st.integers(1, 8))
    def a_relay_goes_on(self, relay: int, steps: int) -> None:
        for _ in range(steps):
            self._do(self._world.step(self._world.relays[relay]))

    @precondition(lambda machine: machine.reigns())
    @rule(relay=relays)
    def a_relay_is_killed(self, relay: int) -> None:
        self._do(self._world.crash(self._world.relays[relay]))

    @precondition(lambda machine: machine.reigns())
    @rule(relay=relays)
    def a_relay_loses_its_lock_and_does_not_know(self, relay: int) -> None:
        self._do(self._world.lose_lock(self._world.relays[relay]))

    @rule(discard=st.booleans())
    def an_operator_decides_about_a_refused_row(self, discard: bool) -> None:
        key = self._do(self._world.decide(discard=discard))
        self._decided += [key] if key else []

    @rule(topic=st.sampled_from([*TOPICS, DEAD_LETTERS.name]))
    def a_topic_fails(self, topic: str) -> None:
        self._world.kafka.failing.add(topic)

    @precondition(lambda machine: machine.has_failing_topics())
    @rule()
    def the_topics_are_well_again(self) -> None:
        self._world.kafka.failing.clear()

    @rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        self._world.pass_time(timedelta(seconds=seconds))

    @rule()
    def nothing_happens_for_a_while(self) -> None:
        """All that may go out has gone: another key's rows are never held."""
        self._do(self._world.rest())
        suspended = self._do(self._world.suspended())
        for key, said in self._world.appended.items():
            behind = said[len(self._world.published(key)) :]
            assert not behind or behind[0][0] in suspended or not is_acceptable(behind[0][1])

    @invariant()
    def each_keys_rows_are_out_once_in_order_without_a_gap(self) -> None:
        for key, said in self._world.appended.items():
            out = self._world.published(key)
            assert out == [value for _, value in said[: len(out)]]
            assert all(map(is_acceptable, out))

    def teardown(self) -> None:
        """In the end everything heals: what is left are the refused rows and those behind them, told of once."""
        self.the_topics_are_well_again()
        self.time_passes(3600)
        self.nothing_happens_for_a_while()
        refused = self._do(self._world.refused())
        told = [key for topic, key, _ in self._world.kafka.log if topic == DEAD_LETTERS.name]
        assert sorted(told) == sorted(refused + self._decided)
        for relay in self._world.relays:
            self._do(self._world.crash(relay))


def test_the_outbox_goes_out_once_and_in_order_whatever_happens(chassis_database: str) -> None:
    loop = asyncio.new_event_loop()
    engine = open_engine(chassis_database, name="tests", connections=2)
    lock_engine = open_lock_engine(chassis_database, name="tests relay")

    class Here(Outbox):
        def __init__(self) -> None:
            super().__init__(loop, engine, lock_engine)

    try:
        run_state_machine_as_test(Here, settings=settings(max_examples=12, stateful_step_count=40, deadline=None))
    finally:
        loop.run_until_complete(engine.dispose())
        loop.run_until_complete(lock_engine.dispose())
        loop.close()
