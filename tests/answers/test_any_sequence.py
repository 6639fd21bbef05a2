"""One procedure through whatever courts and its administration say, with crashes and repetitions, against a model.

The model knows nothing of the services: it reads the journal as it stands in the end, and says what every court, the
author and the follow-up view must have been told.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from infoparquet_contracts import facts
from infoparquet_contracts.court import Delivery
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.status import State, fold
from infoparquet_contracts.topics import JOURNAL, tribunal_topic

from chassis.clock import new_id
from chassis.outbox import to_journal
from tests.answers.conftest import BuiltWith
from tests.answers.mails import Mailroom
from tests.answers.world import SERVICES, Built, Crash, open_world
from tests.builders import NOON
from tests.services.issuer import Issuer

T = TypeVar("T")
DREAL = "administration:dreal-33"
BORDEAUX, PAU, PARIS = "tj33063", "tj64445", "tj75056"
COURTS = (BORDEAUX, PAU, PARIS)
BODY = {
    "reference": "DREAL33-1",
    "kind": "report",
    "facts": {"summary": "Rejet dans le fleuve."},
    "places": [{"ground": "facts", "commune": "33063"}, {"ground": "residence", "commune": "64445"}],
    "nataff": ["J5"],
    "author": {"name": "Alix Modèle", "email": "alix@dreal-33.example"},
}
SAID: Mapping[str, dict[str, Any]] = {
    "registered": {"parquet_number": "26300000042"},
    "supplement-requested": {"missing": ["photographs"]},
    "declined": {"reason": "other-territory"},
    "assigned": {"section": "ECO2"},
    "decided": {"orientation": "dismissal", "ground": "regularised"},
}
MODELS = {model.fact: model for model in REPLIES}
# What the author has a mail about.
TOLD = ("numbered", "acknowledged", "supplement-requested", "decided", "document-infected")
# Shrinking takes minutes, as each step talks to real databases; what happened is printed either way.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
names, courts = st.sampled_from(list(SERVICES)), st.sampled_from(COURTS)
replies = st.sampled_from(["acknowledged", *MODELS])
crashes: st.SearchStrategy[Crash] = st.sampled_from([None, None, "claimed", "committed"])


@dataclass
class Model:
    """What the journal, in its order, means for everybody."""

    state: State | None = None
    courts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    mails: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def hear(self, event: Event[Any]) -> None:
        """The next fact of the journal."""
        before, step = self.state, fold(self.state, event)
        self.state = step.state
        match event.data:
            case facts.Delivered(tribunal=court):
                self.courts[court] += ["delivery", *self.added, *([] if step.applied else ["recall"])]
            case facts.Supplemented() | facts.Withdrawn() | facts.Declined() if step.applied and before is not None:
                told = {"supplemented": "supplement", "withdrawn": "withdrawal", "declined": "recall"}[event.data.fact]
                if told != "recall":
                    self.added.append(told)
                if before.delivery and before.tribunal:
                    self.courts[before.tribunal].append(told)
        if step.applied and event.data.fact in TOLD:
            self.mails.append(event.data.fact)


class Procedure(RuleBasedStateMachine):
    """The rules; each does one thing to the real services."""

    loop: asyncio.AbstractEventLoop
    mailroom: Mailroom
    built: Built
    issuer: Issuer

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(settled=st.booleans(), kept=names)
    def an_administration_submits(self, settled: bool, kept: str = "routing") -> None:
        self._do(self._open())
        answer = self._do(self.world.post("intake", "/v1/procedures", DREAL, "first", BODY))
        self.procedure = UUID(answer.json()["id"])
        self.kept = kept
        self.a_backup_is_made()
        if settled:
            self.everything_settles()

    async def _open(self) -> None:
        self.opened = AsyncExitStack()
        self.world = await self.opened.enter_async_context(open_world(self.built, self.issuer))
        self.mailroom.smtp.received.clear()
        self.replies: list[tuple[str, Event[Any]]] = []
        self.keys = 0

    @rule(name=names, crash=crashes, most=st.sampled_from([1, 100]))
    def a_relay_publishes(self, name: str, crash: Crash, most: int = 100) -> None:
        self._do(self.world.relay(name, crash, most=most))

    @rule(name=names, most=st.integers(1, 4), dies=st.booleans())
    def a_consumer_reads(self, name: str, most: int, dies: bool) -> None:
        self._do(self.world.read(name, most, dies=dies))

    @rule()
    def a_backup_is_made(self) -> None:
        self._do(self.world.back_up(self.kept))

    @rule()
    def the_backup_is_restored(self) -> None:
        self._do(self.world.restore(self.kept))

    @rule(name=names, since=st.integers(0, 8))
    def a_consumer_reads_again(self, name: str, since: int) -> None:
        self._do(self.world.read_again(name, since))

    @rule()
    def everything_settles(self) -> None:
        self._do(self.world.rest())

    @rule(fact=replies, named=st.lists(courts, max_size=2), settled=st.booleans())
    def the_court_in_force_replies(self, fact: str, named: list[str], settled: bool) -> None:
        if handed := self._handed():
            delivery = handed[-1]
            more = {"competent": named} if fact == "declined" else {}
            self._reply(delivery.data.decision.tribunal, fact, delivery.id, more)
            if settled:
                self.everything_settles()

    @rule(named=st.lists(courts, max_size=2))
    def the_court_in_force_declines(self, named: list[str]) -> None:
        self.the_court_in_force_replies("declined", named, settled=False)

    @rule(court=courts, fact=replies, which=st.integers(0, 3))
    def any_court_replies_about_any_delivery(self, court: str, fact: str, which: int) -> None:
        handed = self._handed()
        self._reply(court, fact, handed[which].id if which < len(handed) else new_id(), {})

    @rule(which=st.integers(0, 20))
    def a_reply_comes_again(self, which: int) -> None:
        if which < len(self.replies):
            self.world.write(*self.replies[which])

    @rule(again=st.booleans())
    def the_administration_adds(self, again: bool) -> None:
        self.keys += not again
        path = f"/v1/procedures/{self.procedure}/supplements"
        self._do(self.world.post("intake", path, DREAL, f"supplement-{self.keys}", {"text": "Photographies."}))

    @rule(chance=st.integers(0, 3))
    def the_administration_withdraws(self, chance: int) -> None:
        if chance:
            # It ends most of what could still happen.
            return
        path = f"/v1/procedures/{self.procedure}/withdrawal"
        self._do(self.world.post("intake", path, DREAL, "withdrawal", {"reason": "regularised"}))

    @rule()
    def a_document_is_found_infected(self) -> None:
        self._do(self._say_infected())

    async def _say_infected(self) -> None:
        async with self.world.services["intake"].running.transactions.begin() as transaction:
            data = facts.DocumentInfected(document=new_id(), supplement=None)
            transaction.say(to_journal(transaction.event(self.procedure, data)))

    @rule(court=courts)
    def an_operator_assigns(self, court: str) -> None:
        self.keys += 1
        path = f"/v1/procedures/{self.procedure}/assignment"
        body = {"tribunal": court, "reason": "Compétence retenue."}
        self._do(self.world.post("routing", path, "operator", f"assignment-{self.keys}", body))

    def until_routing_has_its_number(self) -> None:
        """And has handed the procedure over, which nobody has published yet."""
        for name in ("intake", "numbering"):
            self.a_consumer_reads(name, 9, dies=False)
            self.a_relay_publishes(name, None)
        self.a_consumer_reads("routing", 9, dies=False)

    def only_replies_are_read(self) -> None:
        """As when the journal's partition is slower than the court's."""
        self._do(self.world.read("routing", 9, dies=False, without=JOURNAL.name))

    def told(self, court: str) -> list[str]:
        """What a court was told, in order."""
        return [event.data.fact for event in self.world.topics[tribunal_topic(court).name].events]

    def teardown(self) -> None:
        """In the end everybody has heard everything, and agrees with the model."""
        try:
            self._do(self.world.rest())
            self._do(self.mailroom.deliver(self.world.services))
            self._do(self.world.rest())
            self._do(self._agrees())
        finally:
            self._do(self.opened.aclose())

    async def _agrees(self) -> None:
        model, journal = Model(), self.world.journal
        for event in journal:
            model.hear(event)
        assert await self.world.dead_letters() == []
        assert len({event.id for event in journal}) == len(journal)
        await self._view_agrees(model, journal)
        self._courts_agree(model)
        self._replies_are_answered(journal)
        assert sorted(self.mailroom.facts) == sorted(model.mails)

    async def _view_agrees(self, model: Model, journal: list[Event[Any]]) -> None:
        shown = (await self.world.services["query"].get(f"/v1/procedures/{self.procedure}")).json()
        assert model.state is not None
        assert (shown["status"], shown["tribunal"]) == (model.state.status, model.state.tribunal)
        assert [line["id"] for line in shown["timeline"]] == [str(event.id) for event in journal]

    def _courts_agree(self, model: Model) -> None:
        declined = [event.data.tribunal for event in self.world.journal if event.data.fact == "declined"]
        assert len(set(declined)) == len(declined)
        for court in {*COURTS, *model.courts}:
            told = [event for event in self.world.topics[tribunal_topic(court).name].events if not _refusal(event)]
            assert len({event.id for event in told}) == len(told)
            kinds = [event.data.fact for event in told]
            expected = model.courts[court]
            # What crosses a court's refusal is not told to it any more.
            assert kinds == expected or (kinds[-1] == "recall" and _without_some(kinds, expected)), (kinds, expected)

    def _replies_are_answered(self, journal: list[Event[Any]]) -> None:
        taken = [event.data.reply for event in journal if isinstance(event.data, facts.Replied)]
        topics = [self.world.topics[tribunal_topic(court).name].events for court in COURTS]
        refused = [event.data.reply for events in topics for event in events if _refusal(event)]
        answered = sorted([*taken, *refused])
        assert answered == sorted({event.id for _, event in self.replies})

    def _handed(self) -> list[Event[Delivery]]:
        topics = [self.world.topics[tribunal_topic(court).name].events for court in COURTS]
        return sorted(
            (event for events in topics for event in events if isinstance(event.data, Delivery)), key=lambda one: one.id
        )

    def _reply(self, court: str, fact: str, delivery: UUID, more: dict[str, Any]) -> None:
        said = {"procedure": self.procedure, "delivery": delivery, "at": NOON} | SAID.get(fact, {}) | more
        data = MODELS[fact](**said)
        event = Event(new_id(), f"/tribunals/{court}", data.event_type, self.procedure, NOON, data)
        self.replies.append((court, event))
        self.world.write(court, event)


def _refusal(event: Event[Any]) -> bool:
    return event.data.fact == "reply-refused"


def _without_some(kinds: list[str], expected: list[str]) -> bool:
    """Whether these are the expected ones in their order, some left out."""
    rest = iter(expected)
    return all(kind in rest for kind in kinds)


@pytest.fixture
def machine(built_with: BuiltWith, issuer: Issuer) -> Iterator[type[Procedure]]:
    """The rules on services of their own, and a loop for their connections."""

    class Here(Procedure):
        loop = asyncio.new_event_loop()

    Here.issuer = issuer
    mailrooms = Mailroom.opened()
    Here.mailroom = Here.loop.run_until_complete(mailrooms.__aenter__())
    Here.built = built_with(Here.mailroom)
    yield Here
    Here.loop.run_until_complete(mailrooms.__aexit__(None, None, None))
    Here.loop.close()


def test_state_timeline_courts_and_mails_agree_with_the_model_whatever_happens(machine: type[Procedure]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=12, stateful_step_count=30, deadline=None, phases=PHASES)
    )


def test_a_withdrawal_that_crosses_the_delivery_takes_it_back(machine: type[Procedure]) -> None:
    one = machine()
    one.an_administration_submits(settled=False)
    one.until_routing_has_its_number()
    one.the_administration_withdraws(0)
    one.a_relay_publishes("intake", None)
    one.everything_settles()
    assert one.told(BORDEAUX) == ["delivery", "recall"]
    one.teardown()


def test_what_crosses_a_refusal_is_told_to_the_next_court_alone(machine: type[Procedure]) -> None:
    one = machine()
    one.an_administration_submits(settled=True)
    one.the_court_in_force_replies("declined", [PARIS], settled=False)
    one.a_consumer_reads("routing", 9, dies=False)
    one.the_administration_adds(again=False)
    one.the_administration_withdraws(0)
    one.a_relay_publishes("intake", None)
    one.everything_settles()
    assert one.told(BORDEAUX) == ["delivery", "recall"]
    assert one.told(PARIS) == ["delivery", "supplement", "withdrawal"]
    one.teardown()


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_reply_that_comes_before_the_receipt_waits_for_it(machine: type[Procedure], withdrawn: bool) -> None:
    one = machine()
    one.an_administration_submits(settled=False)
    one.until_routing_has_its_number()
    if withdrawn:
        one.the_administration_withdraws(0)
        one.a_relay_publishes("intake", None)
    one.a_relay_publishes("routing", None)
    one.the_court_in_force_replies("acknowledged", [], settled=False)
    one.only_replies_are_read()
    one.everything_settles()
    assert one.told(BORDEAUX) == (["delivery", "recall", "reply-refused"] if withdrawn else ["delivery"])
    one.teardown()


@pytest.mark.parametrize("settled", [False, True])
def test_a_restored_routing_hands_nothing_over_twice(machine: type[Procedure], settled: bool) -> None:
    one = machine()
    one.an_administration_submits(settled=settled)
    one.a_backup_is_made()
    one.everything_settles()
    one.the_court_in_force_replies("declined", [PARIS], settled=True)
    one.the_court_in_force_replies("acknowledged", [], settled=True)
    one.the_administration_adds(again=False)
    one.the_backup_is_restored()
    one.everything_settles()
    assert one.told(BORDEAUX) == ["delivery", "recall"]
    assert one.told(PARIS) == ["delivery", "supplement"]
    one.teardown()
