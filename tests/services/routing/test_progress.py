"""A procedure between journal and courts, whatever is said when: the fold decides, and each court is told in order."""

from itertools import chain
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from infoparquet_contracts import facts
from infoparquet_contracts.codes import Status
from infoparquet_contracts.status import fold

from services.routing.progress import Deliver, Refused, ToCourt, Waits, waits_for_operator
from tests.services.routing.world import BORDEAUX, LYON, PARIS, SAID, World

COURTS = [BORDEAUX, PARIS, LYON]
DELIVERIES = st.sampled_from(["last", "last", "last", "first", "unknown"])
ACTIONS = st.one_of(
    st.sampled_from(["number", "supplement", "withdraw"]).map(lambda name: (name,)),
    st.sampled_from(["publish", "follow", "settle"]).map(lambda name: (name,)),
    st.sampled_from(["publish", "follow"]).map(lambda name: (name,)),
    st.tuples(st.just("reply"), st.just("in force"), st.sampled_from(list(SAID)), DELIVERIES),
    st.tuples(st.just("reply"), st.sampled_from(COURTS), st.sampled_from(list(SAID)), DELIVERIES),
    st.tuples(st.just("decline"), st.lists(st.sampled_from(COURTS), max_size=2)),
    st.tuples(st.just("assign"), st.sampled_from(COURTS)),
)
# Most begin at a court, and what they do mostly comes back before the next: the rest are crossings.
BEGINNINGS = st.sampled_from([[], [("number",), ("settle",)], [("number",), ("settle",)]])
THEN = st.sampled_from([[], [("settle",)]])
STEPS = st.tuples(ACTIONS, THEN).map(lambda step: [step[0], *step[1]])
HISTORIES = st.tuples(BEGINNINGS, st.lists(STEPS, max_size=25)).map(lambda lived: [*lived[0], *chain(*lived[1])])


def act(world: World, action: Any) -> None:
    name, *given_ = action
    last = world.deliveries[-1].tribunal if world.deliveries else BORDEAUX
    if name == "reply":
        court, said, which = given_
        ids = {"last": None, "unknown": UUID(int=2**100), "first": world.deliveries[0].id if world.deliveries else None}
        world.reply(last if court == "in force" else court, said, ids[which])
    elif name == "decline":
        world.reply(last, "declined", None, *given_[0])
    elif name == "assign":
        if waits_for_operator(world.procedure) and given_[0] not in world.procedure.standing.declined_by:
            world.assign(given_[0])
    else:
        getattr(world, name)()


def lived(history: list[Any], commune: str | None = "33063") -> World:
    """A procedure after all this, when everything has come back."""
    world = World(commune=commune)
    for action in history:
        act(world, action)
    world.settle()
    return world


def effective(world: World, kind: type[Any]) -> list[Any]:
    """The facts of that kind that had an effect, in the journal's order."""
    state, found = None, []
    for event in world.journal:
        step = fold(state, event)
        state = step.state
        if step.applied and isinstance(event.data, kind):
            found.append(event)
    return found


def expected(world: World, delivery: Deliver) -> tuple[list[UUID], list[str]]:
    """The supplements of a delivery in the end, and how it ends; what was recalled has a first part of them."""
    state = world.state()
    supplements = [uuid5(delivery.id, str(event.id)) for event in effective(world, facts.Supplemented)]
    if delivery.tribunal in state.declined_by:
        return supplements, ["recall declined"]
    if state.status is Status.WITHDRAWN:
        return supplements, ["recall withdrawn"]
    return supplements, []


@settings(max_examples=250, deadline=None)
@given(HISTORIES, st.sampled_from(["33063", "33063", None]))
def test_what_is_kept_is_what_every_reader_makes_of_the_journal(history: list[Any], commune: str | None) -> None:
    world = lived(history, commune)
    assert world.procedure.said == ()
    assert world.waiting == []
    assert world.procedure.state == world.procedure.standing == world.state()


@settings(max_examples=250, deadline=None)
@given(HISTORIES, st.sampled_from(["33063", "33063", None]))
def test_a_court_is_told_its_delivery_then_each_thing_once_and_the_recall_last(
    history: list[Any], commune: str | None
) -> None:
    world = lived(history, commune)
    for delivery in world.deliveries:
        first, *later = world.courts[delivery.tribunal]
        assert first == delivery, "delivered once, before anything else"
        assert all(isinstance(one, ToCourt) for one in later)
        supplements, recall = expected(world, delivery)
        told = [one.id for one in later if isinstance(one, ToCourt) and one.data.fact == "supplement"]
        assert told == (supplements[: len(told)] if recall else supplements)
        kinds = world.told(delivery.tribunal)
        assert [kind for kind in kinds if kind.startswith("recall")] == recall == kinds[len(kinds) - len(recall) :]
        marked = world.state().withdrawal_requested
        assert kinds.count("withdrawal") in ([0, 1] if recall and marked else [int(marked)])
    assert set(world.courts) == {delivery.tribunal for delivery in world.deliveries}


@settings(max_examples=250, deadline=None)
@given(HISTORIES)
def test_no_court_is_handed_it_twice_nor_one_that_declined(history: list[Any]) -> None:
    world = lived(history)
    handed = [one.tribunal for one in world.deliveries]
    assert len(set(handed)) == len(handed)
    assert tuple(handed) == world.procedure.courts
    declined: list[str] = []
    by_rules = 0
    for event in world.journal:
        if isinstance(event.data, facts.Declined):
            declined.append(event.data.tribunal)
        if isinstance(event.data, facts.Routed):
            assert event.data.tribunal not in declined
            by_rules = len(declined) if event.data.rule != "operator-assignment" else by_rules
        if isinstance(event.data, facts.Unroutable) and len(declined) > 1:
            assert event.data.reason == "declined-twice"
    assert by_rules < 2, "after two refusals only an operator decides"


@settings(max_examples=250, deadline=None)
@given(HISTORIES)
def test_a_reply_that_was_taken_has_its_effect_for_every_reader(history: list[Any]) -> None:
    world = lived(history)
    taken = [event for event in world.journal if isinstance(event.data, facts.Replied)]
    assert effective(world, facts.Replied) == taken


def delivered() -> World:
    """At Bordeaux, with its receipt read."""
    world = World()
    world.number()
    world.settle()
    return world


def handed() -> World:
    """On its way to Bordeaux: routing has read its own decision, the relay has not published the delivery."""
    world = World()
    world.publish()
    world.number()
    world.follow()
    world.follow()
    assert [type(one) for one in world.outbox] == [Deliver]
    return world


def test_a_withdrawal_that_crosses_the_delivery_is_final_and_recalls_it() -> None:
    world = handed()
    world.withdraw()
    world.settle()
    assert world.told(BORDEAUX) == ["delivery", "recall withdrawn"]
    assert world.state().status is Status.WITHDRAWN
    assert isinstance(world.reply(BORDEAUX, "acknowledged"), Refused)
    assert world.refused == ["other-delivery"]


def test_a_withdrawal_after_the_delivery_is_a_mark_that_the_court_is_told() -> None:
    world = delivered()
    world.withdraw()
    world.settle()
    assert world.told(BORDEAUX) == ["delivery", "withdrawal"]
    assert (world.state().status, world.state().withdrawal_requested) == (Status.DELIVERED, True)
    world.reply(BORDEAUX, "registered")
    world.settle()
    assert world.state().status is Status.REGISTERED


def test_a_withdrawal_that_crosses_a_decline_follows_the_procedure_to_the_next_court() -> None:
    world = delivered()
    world.withdraw()
    world.reply(BORDEAUX, "declined", None, PARIS)
    world.settle()
    assert world.told(BORDEAUX) == ["delivery", "recall declined"]
    assert world.told(PARIS) == ["delivery", "withdrawal"]
    assert (world.state().status, world.state().tribunal) == (Status.DELIVERED, PARIS)


def test_the_next_court_is_told_of_a_withdrawal_that_the_court_before_knew_of() -> None:
    world = delivered()
    world.withdraw()
    world.settle()
    world.supplement()
    world.settle()
    world.reply(BORDEAUX, "declined", None, PARIS)
    world.settle()
    assert world.told(BORDEAUX) == ["delivery", "withdrawal", "supplement", "recall declined"]
    assert world.told(PARIS) == ["delivery", "withdrawal", "supplement"]


def test_a_withdrawal_between_the_new_decision_and_the_new_delivery_is_final() -> None:
    world = delivered()
    world.reply(BORDEAUX, "declined", None, PARIS)
    while not isinstance(world.outbox[0], Deliver):
        world.publish()
    world.withdraw()
    world.settle()
    assert world.told(PARIS) == ["delivery", "recall withdrawn"]
    assert world.state().status is Status.WITHDRAWN


def test_a_withdrawal_before_the_number_leaves_nothing_to_deliver() -> None:
    world = World()
    world.withdraw()
    world.number()
    world.settle()
    assert world.deliveries == []


@pytest.mark.parametrize("later", [0, 1, 2])
def test_supplements_follow_the_delivery_whether_they_came_before_or_after_it(later: int) -> None:
    world = World()
    supplements = [world.supplement() for _ in range(2 - later)]
    world.number()
    world.settle()
    supplements += [world.supplement() for _ in range(later)]
    world.settle()
    assert world.told(BORDEAUX) == ["delivery", "supplement", "supplement"]
    (delivery,) = world.deliveries
    assert [one.id for one in world.courts[BORDEAUX][1:]] == [uuid5(delivery.id, str(one)) for one in supplements]


def test_the_next_court_has_the_supplements_too() -> None:
    world = delivered()
    world.supplement()
    world.settle()
    world.reply(BORDEAUX, "declined", None, PARIS)
    world.supplement()
    world.settle()
    assert world.told(BORDEAUX) == ["delivery", "supplement", "recall declined"]
    assert world.told(PARIS) == ["delivery", "supplement", "supplement"]


def test_a_reply_before_the_receipt_waits_and_is_taken_when_it_comes() -> None:
    world = handed()
    assert world.reply(BORDEAUX, "acknowledged") == Waits()
    assert world.reply(BORDEAUX, "registered") == Waits()
    world.settle()
    assert [event.data.fact for event in world.journal[-2:]] == ["acknowledged", "registered"]
    assert world.state().status is Status.REGISTERED


def test_a_reply_that_waits_is_refused_when_the_withdrawal_comes_instead() -> None:
    world = handed()
    world.reply(BORDEAUX, "acknowledged")
    world.withdraw()
    world.settle()
    assert (world.waiting, world.refused) == ([], ["other-delivery"])


def test_a_reply_to_a_delivery_of_before_is_refused() -> None:
    world = delivered()
    world.reply(BORDEAUX, "declined", None, PARIS)
    world.settle()
    (old, new) = world.deliveries
    world.reply(BORDEAUX, "acknowledged", old.id)
    world.reply(BORDEAUX, "acknowledged", new.id)
    world.reply(PARIS, "acknowledged", old.id)
    world.reply(LYON, "acknowledged", new.id)
    assert world.refused == ["other-delivery"] * 3 + ["other-tribunal"]


@pytest.mark.parametrize("said", ["assigned", "decided", "closed"])
def test_a_reply_out_of_turn_is_refused(said: str) -> None:
    world = delivered()
    world.reply(BORDEAUX, said)
    assert (world.refused, world.outbox) == (["out-of-turn"], [])


def test_the_same_acknowledgement_under_another_id_is_out_of_turn() -> None:
    world = delivered()
    world.reply(BORDEAUX, "acknowledged")
    # Its own fact has not come back: it counts nevertheless.
    world.reply(BORDEAUX, "acknowledged")
    assert world.refused == ["out-of-turn"]


def test_after_the_second_refusal_an_operator_decides() -> None:
    world = delivered()
    world.reply(BORDEAUX, "declined", None, PARIS)
    world.settle()
    world.reply(PARIS, "declined", None, LYON)
    assert waits_for_operator(world.procedure)
    assert world.procedure.undecided is not None
    assert world.procedure.undecided.reason == "declined-twice"
    world.assign(LYON)
    world.settle()
    assert world.told(LYON) == ["delivery"]
    assert (world.state().status, world.state().number) == (Status.DELIVERED, "2026-00000042-26")
