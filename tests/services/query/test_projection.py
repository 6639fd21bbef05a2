"""The read model against a model of it: however the journal is cut, repeated or rolled back, one fold over it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import State, fold
from sqlalchemy import select

from chassis.clock import new_id
from services.query import store
from services.query.store import procedures, timeline
from services.query.timeline import Entry
from tests.contracts import builders
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery
from tests.services.query.journals import in_order, journals


class Undone(Exception):  # noqa: N818
    """A batch that is rolled back, as when its database goes away."""


def modelled(events: Iterable[Event[Payload]]) -> tuple[State | None, list[Entry]]:
    """One fold over the events, each once."""
    state, entries = None, {}
    for event in events:
        if event.id not in entries:
            step = fold(state, event)
            state, entries[event.id] = step.state, Entry(event, step.why_not)
    return state, list(entries.values())


async def stored(query: InProcess, procedure: UUID) -> tuple[State | None, list[tuple[UUID, str | None]]]:
    async with query.running.engine.connect() as connection:
        found = await store.find(connection, procedures.c.id == procedure)
        lines = select(timeline.c.id, timeline.c.why_not).where(timeline.c.procedure_id == procedure)
        rows = [(row.id, row.why_not) for row in await connection.execute(lines.order_by(timeline.c.place))]
    if found is not None:
        assert [(entry.event.id, entry.why_not) for entry in found.entries] == rows
    return (None if found is None else found.state), rows


async def read_and_lose(query: InProcess, batch: Sequence[Event[Payload]]) -> None:
    try:
        async with query.running.transactions.begin() as transaction:
            await query.apply(transaction, batch)
            raise Undone
    except Undone:
        pass


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(journals(), st.booleans())
async def test_any_batching_and_redelivery_gives_one_fold_over_the_journal(
    query: InProcess, drawn: tuple[list[tuple[int, Payload]], list[int], list[int]], losing: bool
) -> None:
    written, again, cuts = drawn
    ids = [new_id() for _ in range(3)]
    events = [said(data, subject=ids[which])[0] for which, data in written]
    journal = in_order(events, again)
    for start, end in zip([0, *cuts], [*cuts, len(journal)], strict=True):
        if losing:
            await read_and_lose(query, journal[start:end])
        await query.read(*journal[start:end])
    for procedure in ids:
        state, entries = modelled(event for event in journal if event.subject == procedure)
        assert await stored(query, procedure) == (state, [(entry.event.id, entry.why_not) for entry in entries])


async def test_a_fact_that_is_read_again_at_another_offset_changes_nothing(query: InProcess) -> None:
    events = said(*until_delivery())
    await query.read(*events)
    before = (await query.get(f"/v1/procedures/{events[0].subject}")).json()
    await query.read(events[1])
    await query.read(*events)
    assert (await query.get(f"/v1/procedures/{events[0].subject}")).json() == before


async def test_an_entry_comes_back_as_it_was_said(query: InProcess) -> None:
    events = said(*until_delivery(), builders.supplement_requested(), builders.declined(), builders.overdue())
    await query.read(*events)
    async with query.running.engine.connect() as connection:
        found = await store.find(connection, procedures.c.id == events[0].subject)
    assert found is not None
    assert [entry.event for entry in found.entries] == events


async def test_a_fact_that_comes_before_its_submission_is_kept_without_effect(query: InProcess) -> None:
    early, late = said(builders.numbered(), a_submission())
    await query.read(early)
    assert (await query.get(f"/v1/procedures/{early.subject}")).status_code == 404
    await query.read(late)
    shown = (await query.get(f"/v1/procedures/{early.subject}")).json()
    assert [(entry["fact"], entry["applied"], entry["why_not"]) for entry in shown["timeline"]] == [
        ("numbered", False, "not-submitted"),
        ("submitted", True, None),
    ]
    assert shown["status"] == "submitted"


async def test_a_thousand_procedures_go_in_one_batch(query: InProcess) -> None:
    roads = [said(*until_delivery(a_submission(f"REF-{number}"))) for number in range(250)]
    await query.read(*(event for facts_at_once in zip(*roads, strict=True) for event in facts_at_once))
    page = (await query.get("/v1/procedures", limit=200)).json()
    assert {row["status"] for row in page["procedures"]} == {"delivered"}
    assert len(page["procedures"]) == 200
