"""Whatever is said again, a year later or to mend a loss, changes nothing for who has it, and reaches who has not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord
from infoparquet_contracts.court import Delivery
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.topics import JOURNAL, tribunal_topic
from sqlalchemy import text

from chassis import said_facts
from chassis.clock import new_id
from chassis.said_facts import Heard
from cli.reconcile_desk import Compared, Desk, left_of
from services.query import store
from tests.answers.mails import Mailroom
from tests.answers.test_any_sequence import BODY, BORDEAUX, DREAL, PARIS, SAID
from tests.answers.world import World
from tests.builders import NOON
from tests.processes import until
from tests.services.in_process import InProcess
from tests.services.issuer import Issuer

MODELS = {model.fact: model for model in REPLIES}
A_YEAR_LATER = NOON + timedelta(days=365)
# What moves by itself: the relay's own count.
APART = ("relay", "positions", "alembic_version")


@pytest_asyncio.fixture
async def world(world: World, issuer: Issuer) -> World:
    """With an operator's rights."""
    for service in world.services.values():
        service.http.headers.update(issuer.bearer("operator", roles=["operator"]))
    return world


async def submitted(world: World) -> UUID:
    """A procedure that its court was handed."""
    answer = await world.post("intake", "/v1/procedures", DREAL, str(new_id()), BODY)
    await world.rest()
    return UUID(answer.json()["id"])


async def replied(world: World, procedure: UUID, court: str, fact: str, **more: Any) -> None:
    """The court answers its delivery of the procedure."""
    reply(world, procedure, court, fact, **more)
    await world.rest()


def reply(world: World, procedure: UUID, court: str, fact: str, **more: Any) -> None:
    """The same, and nobody has read it yet."""
    topic = world.topics[tribunal_topic(court).name].events
    (*_, delivery) = [one for one in topic if isinstance(one.data, Delivery) and one.subject == procedure]
    data = MODELS[fact](**{"procedure": procedure, "delivery": delivery.id, "at": NOON, **SAID.get(fact, {}), **more})
    world.write(court, Event(new_id(), f"/tribunals/{court}", data.event_type, procedure, NOON, data))


async def a_whole_road(world: World) -> UUID:
    """Nearly every fact: a supplement, a refusal that goes to another court, a withdrawal, all that a court says."""
    procedure = await submitted(world)
    await world.post("intake", f"/v1/procedures/{procedure}/supplements", DREAL, str(new_id()), {"text": "Suite."})
    await replied(world, procedure, BORDEAUX, "acknowledged")
    await replied(world, procedure, BORDEAUX, "declined", competent=[PARIS])
    await world.post("intake", f"/v1/procedures/{procedure}/withdrawal", DREAL, str(new_id()), {"reason": "duplicate"})
    for fact in ("acknowledged", "supplement-requested", "registered", "assigned", "decided", "closed", "closed"):
        await replied(world, procedure, PARIS, fact)
    return procedure


async def held(service: InProcess) -> dict[str, list[tuple[Any, ...]]]:
    """All that a service's tables hold."""
    tables = await service.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    names = [name for (name,) in tables if name not in APART]
    return {name: await service.rows(f"SELECT one::text FROM {name} AS one ORDER BY 1") for name in names}  # noqa: S608


async def look_in_the_journal(world: World) -> int:
    """What `chassis.reconciliation` does in each service, on the journal as it is here; how much was said again."""
    again = 0
    for service in world.services.values():
        running, source = service.running, f"/services/{service.running.service.name}"
        async with running.transactions.begin() as transaction:
            missed = await said_facts.overdue(transaction.connection, timedelta(0))
            records = enumerate(world.topics[JOURNAL.name].records)
            heard = [Heard.of(source, as_read(place, one.record)) for place, one in records]
            await said_facts.hear(transaction.connection, [one for one in heard if one is not None])
            again += await said_facts.say_again(transaction, missed)
    return again


def as_read(offset: int, record: Any) -> ConsumerRecord:
    return ConsumerRecord(JOURNAL.name, 0, offset, 0, 0, record.key, record.value, None, 0, 0, record.headers)


@asynccontextmanager
async def going_on(world: World, *, hearing: bool = True) -> AsyncIterator[Desk]:
    """Services and relays go on while an operator compares, and owners hear what they said."""

    async def go_on() -> None:
        while True:
            await world.rest()
            if hearing:
                await look_in_the_journal(world)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(go_on())
    try:
        yield Desk({name: service.http for name, service in world.services.items()})
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def mended(world: World, *, hearing: bool = True, seconds: float = 20) -> tuple[Compared, Compared]:
    """What is missing before and after an operator has it said again."""
    async with going_on(world, hearing=hearing) as desk:
        found = await desk.compare(datetime.now(UTC))
        await desk.mend(found, timedelta(seconds=seconds))
    # What was said in answer is seen by all before it is compared.
    await world.rest()
    left = await desk.compare(datetime.now(UTC))
    left.missing = left_of(found, left)
    return found, left


async def shown(world: World, procedure: UUID) -> Any:
    """As the view has it."""
    return (await world.services["query"].get(f"/v1/procedures/{procedure}")).json()


async def lose(world: World, fact: str, procedure: UUID) -> None:
    """A row that the view had of a procedure."""
    async with world.services["query"].running.engine.begin() as connection:
        gone = text("DELETE FROM timeline WHERE procedure_id = :one AND type LIKE :fact")
        await connection.execute(gone, {"one": procedure, "fact": f"%.{fact}.%"})


def lacking(compared: Compared) -> set[tuple[str, str]]:
    return {(one.said.name, one.lacking_in) for one in compared.missing}


async def test_all_that_was_ever_said_published_again_a_year_later_changes_nothing(
    world: World, mailroom: Mailroom
) -> None:
    await a_whole_road(world)
    await mailroom.deliver(world.services)
    await world.rest()
    before = {name: await held(service) for name, service in world.services.items()}
    mails = len(mailroom.smtp.received)
    assert {event.data.fact for event in world.journal} >= {"notified", "closed", "withdrawn", "supplemented"}
    for service in world.services.values():
        service.running.transactions.clock = lambda: A_YEAR_LATER
    for name, topic in world.topics.items():
        if name == JOURNAL.name or name.endswith(".replies.v1"):
            topic.records += list(topic.records)
    for name in world.services:
        assert await world.read(name, 1000)
        assert await held(world.services[name]) == before[name], name
    await mailroom.deliver(world.services)
    assert (len(mailroom.smtp.received), mails > 0) == (mails, True)


async def test_an_outbox_row_that_was_deleted_is_said_by_its_owner_and_everything_arrives(world: World) -> None:
    for owner in ("intake", "numbering", "routing"):
        answer = await world.post("intake", "/v1/procedures", DREAL, str(new_id()), BODY)
        for name in list(world.services)[: list(world.services).index(owner)]:
            await world.relay(name)
            await asyncio.gather(*(world.read(one, 100) for one in world.services))
        async with world.services[owner].running.engine.begin() as connection:
            deleted = await connection.exec_driver_sql("DELETE FROM outbox")
        assert deleted.rowcount > 0, owner
        await world.rest()
        assert await look_in_the_journal(world) > 0
        await world.rest()
        shown = await world.services["query"].get(f"/v1/procedures/{answer.json()['id']}")
        assert (shown.json()["status"], await look_in_the_journal(world)) == ("delivered", 0)


async def test_rows_deleted_from_the_view_are_found_and_shown_again_as_they_were(world: World) -> None:
    whole, part, headless, other = [await submitted(world) for _ in range(4)]
    await replied(world, whole, BORDEAUX, "acknowledged")
    await look_in_the_journal(world)
    query = world.services["query"]
    shown = [(await query.get(f"/v1/procedures/{one}")).json() for one in (whole, part, headless, other)]
    async with query.running.engine.begin() as connection:
        await connection.execute(text("DELETE FROM timeline WHERE procedure_id = :one"), {"one": whole})
        gone = text("DELETE FROM procedures WHERE id = :one")
        await connection.execute(gone, [{"one": whole}, {"one": headless}])
        numbers = text("DELETE FROM timeline WHERE procedure_id = :one AND type LIKE '%numbered%'")
        await connection.execute(numbers, {"one": part})
    found, left = await mended(world)
    assert {(UUID(one.said.procedure), one.lacking_in) for one in found.missing} == {
        (one, "query") for one in (whole, part, headless)
    }
    assert lacking(left) == set()
    assert [(await query.get(f"/v1/procedures/{one}")).json() for one in (whole, part, headless, other)] == shown


async def test_a_fact_said_just_now_does_not_leave_a_view_that_is_mended(world: World) -> None:
    procedure = await submitted(world)
    await look_in_the_journal(world)
    # Its owner has not heard it yet, so nobody can tell where it stands among the others.
    await replied(world, procedure, BORDEAUX, "acknowledged")
    before = await shown(world, procedure)
    await lose(world, "numbered", procedure)
    found, left = await mended(world, hearing=False, seconds=0.5)
    assert (lacking(found), lacking(left)) == ({("numbered", "query")}, {("numbered", "query")})
    assert (await shown(world, procedure))["status"] == "acknowledged"
    _, left = await mended(world)
    assert (lacking(left), await shown(world, procedure)) == (set(), before)


@pytest.mark.parametrize("moment", ["/forget", "/resend"])
async def test_a_fact_that_comes_while_others_are_said_again_is_shown_with_its_effect(
    world: World, moment: str
) -> None:
    procedure = await submitted(world)
    await look_in_the_journal(world)
    await lose(world, "numbered", procedure)
    speaks_at(moment, world, procedure)
    _, left = await mended(world)
    facts = [one["fact"] for one in (await shown(world, procedure))["timeline"]]
    assert facts == ["submitted", "numbered", "routed", "delivered", "acknowledged"]
    assert ((await shown(world, procedure))["status"], lacking(left)) == ("acknowledged", set())


async def test_what_cannot_be_shown_as_it_was_is_named_and_not_shown_otherwise(world: World) -> None:
    procedure = await submitted(world)
    await look_in_the_journal(world)
    before = await shown(world, procedure)
    await lose(world, "numbered", procedure)
    speaks_at("/forget", world, procedure)
    # Nobody hears what was said in between.
    _, left = await mended(world, hearing=False, seconds=2)
    assert lacking(left) == {(one["fact"], "query") for one in before["timeline"]}
    assert (await shown(world, procedure))["status"] == 404
    _, left = await mended(world)
    assert (lacking(left), (await shown(world, procedure))["status"]) == (set(), "acknowledged")


def speaks_at(moment: str, world: World, procedure: UUID) -> None:
    """The first request of that path is answered once the court has replied and the view has read it."""
    spoken: list[str] = []

    async def speak(response: httpx.Response) -> None:
        if not response.request.url.path.endswith(moment) or spoken:
            return
        spoken.append(moment)
        reply(world, procedure, BORDEAUX, "acknowledged")
        await until(lambda: said_to(world.services["query"], procedure, "acknowledged"), what="the reply read")

    for service in world.services.values():
        service.http.event_hooks = {"response": [speak]}


async def said_to(service: InProcess, procedure: UUID, fact: str) -> bool:
    """Whether the view was told that fact of the procedure."""
    told = f"procedure_id = '{procedure}' AND type LIKE '%.{fact}.%'"
    return bool(await service.rows(f"SELECT id FROM timeline WHERE {told}"))  # noqa: S608


async def test_what_was_shown_before_its_beginning_is_found_and_shown_with_its_effect(world: World) -> None:
    """As when the submission alone was lost, and said again behind what followed it."""
    procedure = await submitted(world)
    await look_in_the_journal(world)
    before = await shown(world, procedure)
    async with world.services["query"].running.transactions.begin() as transaction:
        await store.forget(transaction, [procedure])
    first, *others = [one for one in world.topics[JOURNAL.name].records if one.record.key == str(procedure).encode()]
    world.topics[JOURNAL.name].records += [*others, first]
    await world.rest()
    assert (await shown(world, procedure))["status"] == "submitted"
    found, left = await mended(world)
    assert lacking(found) == {(fact, "query") for fact in ("numbered", "routed", "delivered")}
    assert (lacking(left), await shown(world, procedure)) == (set(), before)


async def test_a_fact_that_a_service_never_read_reaches_it(world: World) -> None:
    """As after a partition was truncated before it came to it."""
    answer = await world.post("intake", "/v1/procedures", DREAL, str(new_id()), BODY)
    await world.relay("intake")
    await look_in_the_journal(world)
    world.skip("numbering")
    await world.rest()
    found, left = await mended(world)
    assert (lacking(found), lacking(left)) == ({("submitted", "numbering")}, set())
    await world.rest()
    shown = await world.services["query"].get(f"/v1/procedures/{answer.json()['id']}")
    assert shown.json()["status"] == "delivered"


async def test_a_number_that_was_lost_is_told_and_not_given_twice(world: World) -> None:
    procedure = await submitted(world)
    await look_in_the_journal(world)
    async with world.services["numbering"].running.engine.begin() as connection:
        await connection.execute(text("DELETE FROM numbers"))
    found, left = await mended(world)
    assert [(one.lacking_in, one.damaged) for one in found.missing] == [("numbering", True)]
    assert lacking(left) == {("submitted", "numbering")}
    assert sum(event.data.fact == "numbered" for event in world.journal if event.subject == procedure) == 1


async def test_a_view_is_not_mended_by_what_a_damaged_service_would_take_for_new(world: World) -> None:
    procedure = await submitted(world)
    await look_in_the_journal(world)
    async with world.services["numbering"].running.engine.begin() as connection:
        await connection.execute(text("DELETE FROM numbers"))
    await lose(world, "routed", procedure)
    _, left = await mended(world)
    assert lacking(left) == {("submitted", "numbering"), ("routed", "query")}
    assert len({event.id for event in world.journal if event.data.fact == "numbered"}) == 1
