"""What is kept for figures is what a recount of the timelines comes to, whatever came, twice, late or in vain."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from math import ceil
from typing import Any
from uuid import UUID

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infoparquet_contracts import facts
from infoparquet_contracts.codes import Status
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import State, fold

from chassis.clock import PARIS, new_id
from chassis.migration import migrate
from deploy.local.postgres import Postgres
from reference import default_url
from services.query.mending import mend
from services.query.rebuilding import MIGRATIONS
from services.query.service import build
from services.query.settings import QuerySettings
from services.query.timeline import Entry
from tests.builders import NOON
from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, DELIVERY, OTHER_DELIVERY, URGENT
from tests.contracts.builders import PARIS as PARIS_COURT
from tests.services.in_process import InProcess, in_process, told
from tests.services.issuer import Issuer
from tests.services.query.histories import a_submission, said, until_delivery
from tests.services.query.older import undo

ALL = "SELECT * FROM figures ORDER BY id"
DUE = datetime.combine(URGENT.until or NOON.date(), time(), PARIS) + timedelta(days=1)
TAKEN = (facts.Acknowledged, facts.Registered, facts.SupplementRequested)

courts = st.sampled_from([BORDEAUX, PARIS_COURT])
deliveries = st.sampled_from([DELIVERY, OTHER_DELIVERY])
of_courts = [
    builders.delivered, builders.delivered, builders.acknowledged, builders.registered, builders.supplement_requested,
    builders.declined, builders.declined, builders.assigned, builders.decided, builders.closed,
]  # fmt: skip
submissions = st.sampled_from(
    [
        builders.submitted().model_copy(update={"nataff": nataff, "urgency": urgency})
        for nataff in ((), ("I51", "I52", "A"), ("J1",))
        for urgency in (None, URGENT)
    ]
)
one_fact = st.one_of(
    submissions,
    st.sampled_from(["2026-00000042-26", "2600000001H"]).map(builders.numbered),
    courts.map(builders.routed),
    st.sampled_from([builders.withdrawn(), builders.unroutable(), builders.notified(), builders.supplemented()]),
    st.builds(lambda say, court, delivery: say(court, delivery), st.sampled_from(of_courts), courts, deliveries),
)


@dataclass(frozen=True)
class Counted:
    """A procedure as a recount of its timeline has it; milliseconds."""

    state: State
    submitted: facts.Submitted
    after: Mapping[str, int | None]

    @property
    def row(self) -> tuple[Any, ...]:
        state, after = self.state, self.after
        return (
            state.times[state.status],
            DUE if state.urgent else None,
            *(after[name] for name in ("numbered", "delivered", "acknowledged", "decided")),
            state.urgent,
            state.delivery is not None,
            Status.UNROUTABLE in state.times,
            state.withdrawal_requested,
            state.status,
            self.submitted.administration,
            state.tribunal,
            "".join(sorted({code[0] for code in self.submitted.nataff})),
            list(state.declined_by) or None,
        )


def recounted(events: Iterable[Event[Payload]]) -> Counted | None:
    """Of one procedure."""
    state, entries, submitted = None, {}, None
    for event in events:
        if event.id not in entries:
            step = fold(state, event)
            state, entries[event.id] = step.state, Entry(event, step.why_not)
            if isinstance(event.data, facts.Submitted) and step.applied:
                submitted = event.data
    if state is None or submitted is None:
        return None
    effective = [entry.event for entry in entries.values() if entry.why_not is None]
    declines = [place for place, event in enumerate(effective) if isinstance(event.data, facts.Declined)]
    since = effective[declines[-1] :] if declines else effective

    def after(events: Sequence[Event[Payload]], *kinds: type[Payload]) -> int | None:
        times = [event.time for event in events if isinstance(event.data, kinds)]
        return max(0, ceil((min(times) - submitted.submitted_at) / timedelta(milliseconds=1))) if times else None

    return Counted(
        state,
        submitted,
        {
            "numbered": after(effective, facts.Numbered),
            "delivered": after(since, facts.Delivered),
            "acknowledged": after(since, *TAKEN),
            "decided": after(effective, facts.Decided),
        },
    )


@st.composite
def journals(draw: st.DrawFn) -> tuple[list[tuple[int, Payload, int]], list[int], list[int]]:
    """Facts of three procedures, each with its seconds, which of them come again, and where the journal is cut."""
    road = [
        (builders.numbered(), 1), (builders.routed(), 2), (builders.delivered(), 3), (builders.acknowledged(), 4),
    ]  # fmt: skip
    started = [
        (which, *one)
        for which in range(3)
        for one in [(draw(submissions), 0), *road][: draw(st.integers(0, len(road) + 1))]
    ]
    drawn = draw(st.lists(st.tuples(st.integers(0, 2), one_fact, st.integers(-5, 90_000)), max_size=25))
    written = [*started, *drawn] or [(0, builders.submitted(), 0)]
    again = draw(st.lists(st.integers(0, len(written) - 1), max_size=8))
    return written, again, sorted(draw(st.lists(st.integers(0, len(written) + len(again)), max_size=6)))


def told_of(ids: Sequence[UUID], written: Iterable[tuple[int, Payload, int]]) -> list[Event[Payload]]:
    return [
        replace(event, time=builders.START + timedelta(seconds=seconds, microseconds=seconds * 7 % 1000))
        for which, data, seconds in written
        for event in said(data, subject=ids[which])
    ]


async def kept(query: InProcess, ids: Collection[UUID]) -> dict[UUID, tuple[Any, ...]]:
    rows = await query.rows(
        "SELECT id, status_at, due_at, numbered_after, delivered_after, acknowledged_after, decided_after, urgent,"
        " held, unroutable, withdrawal_requested, status, administration, tribunal, families, declined_by FROM figures"
    )
    return {procedure: tuple(row) for procedure, *row in rows if procedure in ids}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(journals())
async def test_rows_are_a_recount_of_the_timelines(
    query: InProcess, drawn: tuple[list[tuple[int, Payload, int]], list[int], list[int]]
) -> None:
    written, again, cuts = drawn
    ids = [new_id() for _ in range(3)]
    events = told_of(ids, written)
    journal = [*events, *(events[place] for place in again)]
    for start, end in zip([0, *cuts], [*cuts, len(journal)], strict=True):
        async with query.abandoned() as transaction:
            await query.apply(transaction, journal[start:end])
        await query.read(*journal[start:end])
    expected = {one: recounted(event for event in journal if event.subject == one) for one in ids}
    assert await kept(query, ids) == {one: counted.row for one, counted in expected.items() if counted is not None}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(journals())
async def test_answers_add_up_rows(
    query: InProcess, drawn: tuple[list[tuple[int, Payload, int]], list[int], list[int]]
) -> None:
    administration = f"dreal-{new_id().hex}"
    written = [
        (which, data.model_copy(update={"administration": administration}), seconds)
        if isinstance(data, facts.Submitted)
        else (which, data, seconds)
        for which, data, seconds in drawn[0]
    ]
    ids = [new_id() for _ in range(3)]
    events = told_of(ids, written)
    await query.read(*events)
    counted = [one for procedure in ids if (one := recounted(e for e in events if e.subject == procedure))]
    answer = await query.get("/v1/statistics", f"administration:{administration}", by="tribunal")
    groups = {one["group"]: one for one in answer.json()["groups"]}
    assert set(groups) == {one.state.tribunal for one in counted}
    for tribunal, shown in groups.items():
        here = [one for one in counted if one.state.tribunal == tribunal]
        assert shown["procedures"] == len(here)
        assert shown["declined"] == sum(bool(one.state.declined_by) for one in here)
        for name, delay in shown["delays"].items():
            times = sorted(value for one in here if (value := one.after[name]) is not None)
            ranked = [times[ceil(part * len(times)) - 1] / 1000 for part in (0.5, 0.9)] if times else [None, None]
            assert [delay["count"], delay["median"], delay["p90"]] == [len(times), *ranked]
        gone = {Status.DECIDED, Status.CLOSED, Status.WITHDRAWN}
        waiting = {one.state.status for one in here} - gone
        assert set(shown["waiting"]["statuses"]) == waiting


@pytest_asyncio.fixture
async def before(postgres_server: Postgres, issuer: Issuer) -> AsyncIterator[InProcess]:
    """On a database of its own, whose schema the test changes."""
    url = await postgres_server.create_database("infoparquet_query_backfill")
    await migrate(url, MIGRATIONS)
    settings = QuerySettings(**told(url, issuer), reference_url=default_url())
    async with in_process(build(settings), settings, issuer, tables="procedures, timeline, figures") as one:
        yield one
    await postgres_server.drop_database("infoparquet_query_backfill")


async def test_what_was_there_before_is_brought_along(before: InProcess) -> None:
    ids = [new_id() for _ in range(6)]
    handed_on: list[Payload] = [
        builders.submitted(URGENT), builders.numbered(), builders.routed(), builders.delivered(),
        builders.acknowledged(), builders.declined(), builders.routed(PARIS_COURT),
        builders.delivered(PARIS_COURT, OTHER_DELIVERY), builders.registered(PARIS_COURT, OTHER_DELIVERY),
        builders.decided(PARIS_COURT, OTHER_DELIVERY),
    ]  # fmt: skip
    roads: list[list[Payload]] = [
        handed_on, handed_on[:6], handed_on[:1], [builders.submitted(), builders.withdrawn(), builders.numbered()],
        [builders.submitted().model_copy(update={"nataff": ()}), builders.unroutable()], [builders.numbered()],
    ]  # fmt: skip
    written = [(which, data, 10 * at - 5) for which, road in enumerate(roads) for at, data in enumerate(road)]
    await before.read(*told_of(ids, written))
    expected = await before.rows(ALL)
    assert len(expected) == 5
    await undo(before.running.settings.database_url, "0006")
    await migrate(before.running.settings.database_url, MIGRATIONS)
    assert await before.rows(ALL) == expected


async def test_what_a_release_before_wrote_is_counted_later(query: InProcess) -> None:
    for number in range(5):
        await query.read(*said(*until_delivery(a_submission(f"R-{number}"))))
    late = said(*until_delivery()[:1], builders.routed(), builders.numbered())
    await query.read(*late)
    expected = await query.rows(ALL)
    assert await mend(query.running.transactions) == 0
    async with query.running.engine.begin() as connection:
        await connection.exec_driver_sql(
            "DELETE FROM figures WHERE id IN (SELECT id FROM procedures WHERE reference IN ('R-0', 'R-1'))"
        )
        for lagging, which in (
            ("status = 'submitted'", "R-2"),
            ("status_at = status_at - interval '1 ms'", "R-3"),
            ("withdrawal_requested = true", "R-4"),
            ("numbered_after = NULL", "DREAL33-2026-00042"),
        ):
            await connection.exec_driver_sql(
                f"UPDATE figures SET {lagging} WHERE id IN (SELECT id FROM procedures WHERE reference = '{which}')"  # noqa: S608
            )
    assert await mend(query.running.transactions, most=2) == 6
    assert await query.rows(ALL) == expected


async def test_the_tables_are_those_that_the_code_declares(query: InProcess) -> None:
    from services.query.store import figures

    columns = await query.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'figures' ORDER BY ordinal_position"
    )
    assert [name for (name,) in columns] == list(figures.c.keys())
