"""Waves keep each procedure's order, lose and repeat nothing, and are as few as they can be."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload

from chassis.waves import cut
from tests.contracts import builders as facts

PROCEDURES = [UUID(int=place) for place in range(4)]
KINDS: list[Payload] = [facts.submitted(), facts.numbered(), facts.routed(), facts.withdrawn()]
HandlerOf = Callable[[Event[Any]], str]

# A handler a type, one handler for two types, one for all: as services have them.
services: st.SearchStrategy[HandlerOf] = st.sampled_from(
    [
        lambda event: event.type,
        lambda event: "decide" if event.data.fact in ("submitted", "numbered") else event.type,
        lambda _: "follow",
    ]
)


@st.composite
def batches(draw: st.DrawFn) -> list[Event[Any]]:
    """Facts of a few types about a few procedures, in any order; some stand twice."""
    drawn = draw(st.lists(st.tuples(st.sampled_from(PROCEDURES), st.sampled_from(KINDS)), max_size=25))
    events = [facts.an_event(data, place, subject=procedure) for place, (procedure, data) in enumerate(drawn)]
    again = draw(st.lists(st.sampled_from(events), max_size=3)) if events else []
    return events + again


def by_procedure(events: Sequence[Event[Any]]) -> dict[UUID, list[Event[Any]]]:
    told = defaultdict(list)
    for event in events:
        told[event.subject].append(event)
    return told


def runs(events: Sequence[Event[Any]], handler_of: HandlerOf) -> int:
    """How many times the handler changes, and once for the first."""
    return sum(1 for _ in groupby(events, key=handler_of))


@given(batches(), services)
def test_handlers_called_wave_by_wave_see_each_procedures_facts_in_the_batchs_order(
    batch: list[Event[Any]], handler_of: HandlerOf
) -> None:
    called = [event for wave in cut(batch, handler_of) for group in wave.values() for event in group]
    assert by_procedure(called) == by_procedure(batch)


@given(batches(), services)
def test_every_fact_is_in_one_wave_as_often_as_in_the_batch(batch: list[Event[Any]], handler_of: HandlerOf) -> None:
    called = [event.id for wave in cut(batch, handler_of) for group in wave.values() for event in group]
    assert Counter(called) == Counter(event.id for event in batch)


@given(batches(), services)
def test_in_a_wave_a_procedure_has_facts_for_one_handler_and_each_is_given_its_own(
    batch: list[Event[Any]], handler_of: HandlerOf
) -> None:
    for wave in cut(batch, handler_of):
        seen = [subject for group in wave.values() for subject in {event.subject for event in group}]
        assert len(seen) == len(set(seen))
        assert all(handler_of(event) == handler for handler, group in wave.items() for event in group)
        assert all(wave.values()), "a handler would be called for nothing"


@given(batches(), services)
def test_there_are_as_few_waves_as_the_procedure_that_changes_most_allows(
    batch: list[Event[Any]], handler_of: HandlerOf
) -> None:
    changes = [runs(told, handler_of) for told in by_procedure(batch).values()]
    assert len(cut(batch, handler_of)) == max(changes, default=0)
