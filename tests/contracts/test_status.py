"""The fold, rule by rule: the published table, and each sentence of the journal's protocol about it."""

from datetime import timedelta
from functools import reduce

import pytest
from infoparquet_contracts.codes import RecallReason, Status
from infoparquet_contracts.court import Recall
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import FOLLOWERS, Ineffective, State, Step, fold

from tests.contracts.builders import (
    BORDEAUX,
    DELIVERY,
    OTHER_DELIVERY,
    PARIS,
    PROCEDURE,
    START,
    URGENT,
    acknowledged,
    an_event,
    assigned,
    closed,
    decided,
    declined,
    delivered,
    document_infected,
    notification_failed,
    notified,
    numbered,
    overdue,
    registered,
    routed,
    submitted,
    supplement_requested,
    supplemented,
    unroutable,
    withdrawn,
)

# The table as the protocol writes it, before anything of ours is read from it.
TABLE = """
submitted → numbered
submitted|numbered → routed | unroutable
unroutable → routed
routed → delivered
delivered → acknowledged | registered | declined | supplement-requested
acknowledged → registered | declined | supplement-requested
supplement-requested → acknowledged | registered | declined | supplement-requested
registered → assigned | decided | closed | supplement-requested
assigned → assigned | decided | supplement-requested
decided → decided | closed
declined → routed | unroutable
submitted|numbered|routed|unroutable → withdrawn
"""

# The shortest road to each status.
ROADS: dict[Status, tuple[Payload, ...]] = {
    Status.SUBMITTED: (submitted(),),
    Status.NUMBERED: (submitted(), numbered()),
    Status.ROUTED: (submitted(), numbered(), routed()),
    Status.UNROUTABLE: (submitted(), numbered(), unroutable()),
    Status.DELIVERED: (submitted(), numbered(), routed(), delivered()),
    Status.ACKNOWLEDGED: (submitted(), numbered(), routed(), delivered(), acknowledged()),
    Status.REGISTERED: (submitted(), numbered(), routed(), delivered(), registered()),
    Status.SUPPLEMENT_REQUESTED: (submitted(), numbered(), routed(), delivered(), supplement_requested()),
    Status.DECLINED: (submitted(), numbered(), routed(), delivered(), declined()),
    Status.ASSIGNED: (submitted(), numbered(), routed(), delivered(), registered(), assigned()),
    Status.DECIDED: (submitted(), numbered(), routed(), delivered(), registered(), decided()),
    Status.CLOSED: (submitted(), numbered(), routed(), delivered(), registered(), closed()),
    Status.WITHDRAWN: (submitted(), numbered(), withdrawn()),
}
# One fact that leads to each status, where the table lets it.
LEADS: dict[Status, Payload] = {
    Status.ROUTED: routed(),
    Status.UNROUTABLE: unroutable(),
    Status.DELIVERED: delivered(),
    Status.ACKNOWLEDGED: acknowledged(),
    Status.REGISTERED: registered(),
    Status.SUPPLEMENT_REQUESTED: supplement_requested(),
    Status.DECLINED: declined(),
    Status.ASSIGNED: assigned(),
    Status.DECIDED: decided(),
    Status.CLOSED: closed(),
    Status.WITHDRAWN: withdrawn(),
}
REPLIES = [acknowledged, registered, supplement_requested, declined, assigned, decided, closed]


def after(*said: Payload) -> Step:
    """The last step of folding these facts, a minute apart."""
    events = (an_event(data, minute) for minute, data in enumerate(said))
    return reduce(lambda step, event: fold(step.state, event), events, Step(None))


def state_after(*said: Payload) -> State:
    state = after(*said).state
    assert state is not None
    return state


def has_no_effect(road: tuple[Payload, ...], fact: Payload) -> Ineffective | None:
    """Why the fact has none; fails where it has one."""
    step = after(*road, fact)
    assert step.state == state_after(*road)
    return step.why_not


def test_the_published_table_is_the_protocol_s() -> None:
    expected: dict[Status, set[Status]] = {status: set() for status in Status}
    for line in TABLE.strip().splitlines():
        before, followers = ([Status(name.strip()) for name in side.split("|")] for side in line.split("→"))
        for status in before:
            expected[status] |= set(followers)
    assert expected == FOLLOWERS


@pytest.mark.parametrize("status", Status)
def test_each_status_is_reached_by_its_road(status: Status) -> None:
    step = after(*ROADS[status])
    assert step.applied
    assert step.state is not None
    assert step.state.status is status


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("next_status", LEADS)
def test_a_fact_moves_the_status_exactly_where_the_table_says(status: Status, next_status: Status) -> None:
    step = after(*ROADS[status], LEADS[next_status])
    assert step.state is not None
    if next_status in FOLLOWERS[status]:
        assert (step.state.status, step.applied) == (next_status, True)
    else:
        assert step.state.status is status


@pytest.mark.parametrize("status", Status)
def test_a_second_submission_has_no_effect(status: Status) -> None:
    assert has_no_effect(ROADS[status], submitted(URGENT)) is Ineffective.ALREADY_SAID


@pytest.mark.parametrize("fact", [numbered(), routed(), delivered(), acknowledged(), withdrawn(), notified()])
def test_a_fact_before_the_submission_has_no_effect(fact: Payload) -> None:
    assert after(fact) == Step(None, Ineffective.NOT_SUBMITTED)
    assert state_after(fact, submitted()).status is Status.SUBMITTED


def test_a_message_that_is_no_fact_has_no_effect() -> None:
    recall = Recall(procedure=PROCEDURE, delivery=DELIVERY, reason=RecallReason.WITHDRAWN)
    assert has_no_effect(ROADS[Status.DELIVERED], recall) is Ineffective.NOT_A_FACT


def test_urgency_is_that_of_the_submission() -> None:
    assert state_after(submitted(URGENT)).urgency == URGENT
    assert state_after(submitted(URGENT)).urgent
    assert not state_after(submitted()).urgent


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SUBMITTED])
def test_a_second_number_has_no_effect(status: Status) -> None:
    assert has_no_effect(ROADS[status], numbered("2026-00000099-00")) is Ineffective.ALREADY_SAID


@pytest.mark.parametrize("before", [routed(), unroutable(), withdrawn()])
def test_a_number_that_comes_late_is_set_and_leaves_the_status(before: Payload) -> None:
    state = state_after(submitted(), before, numbered())
    assert state.number == "2026-00000042-26"
    assert state.status is Status(before.fact)
    assert state.times[Status.NUMBERED] == START + timedelta(minutes=2)


def test_the_court_in_force_is_that_of_the_last_routing() -> None:
    assert (state_after(submitted(), routed()).tribunal, state_after(submitted(), routed()).delivery) == (
        BORDEAUX,
        None,
    )
    assert state_after(*ROADS[Status.DELIVERED]).delivery == DELIVERY


def test_a_delivery_to_another_court_than_the_one_routed_to_has_no_effect() -> None:
    assert has_no_effect(ROADS[Status.ROUTED], delivered(PARIS)) is Ineffective.OTHER_TRIBUNAL


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_of_another_court_has_no_effect(reply: type) -> None:
    assert has_no_effect(ROADS[Status.DELIVERED], reply(PARIS)) is Ineffective.OTHER_TRIBUNAL


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_to_another_delivery_has_no_effect(reply: type) -> None:
    why = has_no_effect(ROADS[Status.REGISTERED], reply(BORDEAUX, OTHER_DELIVERY))
    assert why is Ineffective.OTHER_DELIVERY


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_before_the_delivery_has_no_effect(reply: type) -> None:
    assert has_no_effect(ROADS[Status.ROUTED], reply()) is Ineffective.OTHER_DELIVERY


def test_a_reply_out_of_turn_has_no_effect() -> None:
    assert has_no_effect(ROADS[Status.CLOSED], acknowledged()) is Ineffective.OUT_OF_TURN
    assert has_no_effect(ROADS[Status.ACKNOWLEDGED], acknowledged()) is Ineffective.OUT_OF_TURN


def test_a_court_that_declines_is_competent_no_more() -> None:
    state = state_after(*ROADS[Status.DECLINED])
    assert (state.tribunal, state.formation, state.delivery) == (None, None, None)
    assert state.declined_by == (BORDEAUX,)
    assert has_no_effect(ROADS[Status.DECLINED], registered()) is Ineffective.OTHER_TRIBUNAL


def test_a_procedure_declined_goes_to_another_court_whose_delivery_then_counts() -> None:
    again = (*ROADS[Status.DECLINED], routed(PARIS), delivered(PARIS, OTHER_DELIVERY))
    assert has_no_effect(again, registered(BORDEAUX, DELIVERY)) is Ineffective.OTHER_TRIBUNAL
    assert has_no_effect(again, registered(PARIS, DELIVERY)) is Ineffective.OTHER_DELIVERY
    twice = state_after(*again, declined(PARIS, OTHER_DELIVERY))
    assert twice.declined_by == (BORDEAUX, PARIS)


def test_a_withdrawal_before_the_delivery_is_final() -> None:
    road = (submitted(), numbered(), routed(), withdrawn())
    assert state_after(*road).tribunal is None
    for fact in (routed(), unroutable(), delivered(), acknowledged(), withdrawn(), supplemented(), overdue()):
        assert has_no_effect(road, fact) is Ineffective.WITHDRAWN


@pytest.mark.parametrize(
    "status", [status for status in Status if Status.WITHDRAWN not in FOLLOWERS[status] | {status}]
)
def test_a_withdrawal_after_the_delivery_is_a_mark(status: Status) -> None:
    before, marked = state_after(*ROADS[status]), state_after(*ROADS[status], withdrawn())
    assert marked.withdrawal_requested
    assert marked.status is status
    assert marked.times == before.times
    assert has_no_effect((*ROADS[status], withdrawn()), withdrawn()) is Ineffective.ALREADY_SAID


def test_a_withdrawal_requested_does_not_bind_the_prosecutor() -> None:
    assert state_after(*ROADS[Status.REGISTERED], withdrawn(), decided()).status is Status.DECIDED


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.WITHDRAWN])
@pytest.mark.parametrize("fact", [supplemented(), notified(), notification_failed()], ids=lambda fact: fact.fact)
def test_supplements_and_notifications_are_legal_and_leave_the_state(status: Status, fact: Payload) -> None:
    step = after(*ROADS[status], fact)
    assert step == Step(state_after(*ROADS[status]))


def test_a_withdrawn_procedure_may_still_be_notified() -> None:
    assert after(*ROADS[Status.WITHDRAWN], notified()).applied


@pytest.mark.parametrize("status", Status)
def test_an_infected_document_is_told_in_every_state_and_leaves_it(status: Status) -> None:
    assert after(*ROADS[status], document_infected()) == Step(state_after(*ROADS[status]))


def test_an_infected_document_of_a_procedure_never_submitted_has_no_effect() -> None:
    assert after(document_infected()) == Step(None, Ineffective.NOT_SUBMITTED)


def test_an_urgent_delivery_not_acknowledged_is_marked_overdue_until_another_delivery() -> None:
    late = (submitted(URGENT), routed(), delivered(), overdue())
    assert state_after(*late).overdue
    assert state_after(*late, acknowledged()).overdue
    assert not state_after(*late, declined(), routed(PARIS), delivered(PARIS, OTHER_DELIVERY)).overdue


def test_overdue_after_acknowledged_has_no_effect() -> None:
    road = (submitted(URGENT), routed(), delivered(), acknowledged())
    assert has_no_effect(road, overdue()) is Ineffective.OUT_OF_TURN


def test_overdue_of_another_delivery_or_without_urgency_has_no_effect() -> None:
    road = (submitted(URGENT), routed(), delivered())
    assert has_no_effect(road, overdue(BORDEAUX, OTHER_DELIVERY)) is Ineffective.OTHER_DELIVERY
    assert has_no_effect(ROADS[Status.DELIVERED], overdue()) is Ineffective.NOT_URGENT


def test_times_say_when_each_status_was_last_reached() -> None:
    state = state_after(*ROADS[Status.DECLINED], routed(PARIS))
    minutes = {status.value: (time - START) // timedelta(minutes=1) for status, time in state.times.items()}
    assert minutes == {"submitted": 0, "numbered": 1, "routed": 5, "delivered": 3, "declined": 4}
