"""The fold over any facts in any order: it never raises and never leaves its table."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from infoparquet_contracts import facts
from infoparquet_contracts.codes import Status
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import OfProcedure, Payload
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.status import FOLLOWERS, State, Step, fold

from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, DELIVERY, OTHER_DELIVERY, PARIS, PROCEDURE, URGENT, an_event
from tests.contracts.schema_values import values_of

courts = st.sampled_from([BORDEAUX, PARIS])
deliveries = st.sampled_from([DELIVERY, OTHER_DELIVERY])
REPLIES = [
    builders.acknowledged,
    builders.registered,
    builders.supplement_requested,
    builders.declined,
    builders.assigned,
    builders.decided,
    builders.closed,
    builders.overdue,
    builders.delivered,
]
SETTLED = [
    builders.supplemented(),
    builders.withdrawn(),
    builders.unroutable(),
    builders.document_infected(),
    builders.notified(),
    builders.notification_failed(),
]
facts_said = st.one_of(
    st.sampled_from([None, URGENT]).map(builders.submitted),
    st.sampled_from(["2026-00000042-26", "2600000001H"]).map(builders.numbered),
    courts.map(builders.routed),
    st.sampled_from(SETTLED),
    st.builds(lambda say, court, delivery: say(court, delivery), st.sampled_from(REPLIES), courts, deliveries),
)
# Two courts and two deliveries only, so that legal roads are long and illegal ones near misses.
histories = st.lists(facts_said, max_size=40).map(
    lambda said: [an_event(data, minute) for minute, data in enumerate(said)]
)
begun = histories.map(lambda events: [an_event(builders.submitted(URGENT), 10_000), *events])


def steps_of(events: list[Event[Payload]]) -> list[Step]:
    steps = [Step(None)]
    for event in events:
        steps.append(fold(steps[-1].state, event))
    return steps


def states_of(events: list[Event[Payload]]) -> list[State]:
    return [step.state for step in steps_of(events) if step.state is not None]


def once_each(events: list[Event[Payload]]) -> list[Event[Payload]]:
    return list({event.id: event for event in reversed(events)}.values())[::-1]


@given(histories)
def test_nothing_exists_before_the_submission_and_the_first_one_wins(events: list[Event[Payload]]) -> None:
    submissions = [event.data for event in events if isinstance(event.data, facts.Submitted)]
    states = states_of(events)
    assert bool(states) == bool(submissions)
    assert all(state.urgency == submissions[0].urgency for state in states)


@given(begun)
def test_the_status_moves_along_the_table_only(events: list[Event[Payload]]) -> None:
    states = states_of(events)
    for before, now in pairwise(states):
        assert now.status is before.status or now.status in FOLLOWERS[before.status]


@given(begun)
def test_a_fact_without_effect_leaves_the_very_same_state(events: list[Event[Payload]]) -> None:
    steps = steps_of(events)
    assert all(now.state is before.state for before, now in pairwise(steps) if not now.applied)


@given(begun, st.integers(0, 40))
def test_withdrawn_is_final(events: list[Event[Payload]], at: int) -> None:
    states = states_of([*events[: at + 1], an_event(builders.withdrawn(), 20_000), *events[at + 1 :]])
    ends = [state.times[Status.WITHDRAWN] for state in states if state.status is Status.WITHDRAWN]
    assert all(state.status is Status.WITHDRAWN for state in states[len(states) - len(ends) :])
    assert len(set(ends)) <= 1


@given(begun)
def test_a_number_is_set_once_and_by_the_first_that_comes(events: list[Event[Payload]]) -> None:
    said = [event.data.number for event in events if isinstance(event.data, facts.Numbered)]
    assert [state.number for state in states_of(events)][-1] == (said[0] if said else None)
    assert {state.number for state in states_of(events)} - {None} == set(said[:1])


@given(begun)
def test_a_delivery_in_force_is_one_made_to_the_court_in_force(events: list[Event[Payload]]) -> None:
    handovers = [event.data for event in events if isinstance(event.data, facts.Delivered)]
    made = {(handover.tribunal, handover.delivery) for handover in handovers}
    for state in states_of(events):
        assert state.delivery is None or (state.tribunal, state.delivery) in made


@given(begun)
def test_a_mark_is_never_taken_back_and_times_are_those_of_the_facts(events: list[Event[Payload]]) -> None:
    states = states_of(events)
    for before, now in pairwise(states):
        assert now.withdrawal_requested or not before.withdrawal_requested
        assert now.declined_by[: len(before.declined_by)] == before.declined_by
        assert before.times.keys() <= now.times.keys()
    assert set(states[-1].times.values()) <= {event.time for event in events}


@given(begun, begun)
def test_the_same_facts_read_twice_and_taken_once_each_give_the_same_state(
    events: list[Event[Payload]], others: list[Event[Payload]]
) -> None:
    assert steps_of(once_each([*events, *events])) == steps_of(once_each(events))
    assert steps_of([*events, *others])[: len(events) + 1] == steps_of(events)


@settings(max_examples=100)
@given(st.data())
def test_any_event_of_any_type_with_any_content_is_folded(data: st.DataObject) -> None:
    state = None
    for model in data.draw(st.lists(st.sampled_from(list(MODELS.values())), max_size=8)):
        payload = model.model_validate(data.draw(values_of(model)))
        subject = payload.procedure if isinstance(payload, OfProcedure) else PROCEDURE
        step = fold(state, an_event(payload, subject=subject))
        assert step.applied is (step.why_not is None)
        state = step.state
