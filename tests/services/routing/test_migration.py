"""A database of the first schema with procedures in each state: routing goes on with every one of them."""

from typing import Any
from uuid import UUID

from alembic import command
from alembic.config import Config
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Delivered, Routed, Unroutable
from infoparquet_contracts.topics import tribunal_topic
from sqlalchemy import Connection, text

from chassis.clock import new_id
from chassis.database import open_engine
from chassis.migration import migrate
from chassis.service import Service
from services.routing.settings import RoutingSettings
from tests.builders import NOON, an_event
from tests.conftest import Databases
from tests.services.in_process import InProcess, in_process
from tests.services.issuer import Issuer
from tests.services.routing.facts import NUMBER, a_reply, delivered, numbered, submitted
from tests.services.routing.world import BORDEAUX, LYON, deciding

INSERT = text("""
    INSERT INTO procedures (id, submitted, decision, undecided, decided_at, number, delivery)
    VALUES (:id, CAST(:submitted AS jsonb), CAST(:decision AS jsonb), CAST(:undecided AS jsonb), :now, :number,
            :delivery)
""")
DELIVERED = text("""
    INSERT INTO deliveries VALUES (:delivery, :id, 'tj33063', :now, :partition, :offset, :placed_at)
""")
PLACED = ("partition", "offset", "placed_at")


def to_first(connection: Connection, service: Service) -> None:
    configuration = Config(attributes={"connection": connection})
    configuration.set_main_option("script_location", str(service.migrations))
    configuration.set_main_option("path_separator", "os")
    command.upgrade(configuration, "0001")


async def keep(
    connection: Any, fact: Event[Any], number: str | None, delivery: UUID | None, *, received: bool = False
) -> None:
    """A procedure as the first schema has it."""
    decided = deciding().decide(fact.data, (), ())
    values = {
        "id": fact.subject,
        "submitted": fact.data.model_dump_json(),
        "decision": decided.model_dump_json() if isinstance(decided, Routed) else None,
        "undecided": decided.model_dump_json() if isinstance(decided, Unroutable) else None,
        "now": NOON,
        "number": number,
        "delivery": delivery,
    }
    await connection.execute(INSERT, values)
    if delivery is not None:
        placed = {"partition": 0, "offset": 3, "placed_at": NOON} if received else dict.fromkeys(PLACED)
        await connection.execute(DELIVERED, values | placed)


async def test_procedures_in_each_state_go_on(
    databases: Databases, service: Service, settings: RoutingSettings, issuer: Issuer
) -> None:
    url = await databases("routing")
    routed, undecided, undecided_numbered = submitted(), submitted(commune=None), submitted(commune=None)
    on_its_way, received = submitted(), submitted()
    first, second = new_id(), new_id()
    engine = open_engine(url, name="tests", connections=1)
    async with engine.begin() as connection:
        await connection.run_sync(to_first, service)
        await keep(connection, routed, None, None)
        await keep(connection, undecided, None, None)
        await keep(connection, undecided_numbered, NUMBER, None)
        await keep(connection, on_its_way, NUMBER, first)
        await keep(connection, received, NUMBER, second, received=True)
    await engine.dispose()
    await migrate(url, service.migrations)
    there = settings.model_copy(update={"database_url": url})
    # What `in_process` empties is what no procedure stands in.
    async with in_process(service, there, issuer, tables="replies, idempotency_keys") as routing:
        await goes_on(routing, routed, undecided, undecided_numbered)
        await answers(routing, on_its_way, first, received, second)


async def goes_on(routing: InProcess, routed: Event[Any], *undecided: Event[Any]) -> None:
    """What was decided is delivered with its number, what was not waits for an operator."""
    (delivery,) = await routing.read(numbered(routed))
    assert (delivery.data.fact, delivery.data.decision.tribunal) == ("delivery", BORDEAUX)
    await routing.read(delivered(delivery))
    (said,) = await routing.read_replies(BORDEAUX, a_reply(delivery))
    assert said.data.fact == "acknowledged"
    queue = (await routing.get("/v1/unroutable")).json()["procedures"]
    assert {(one["id"], one["number"], one["since"]) for one in queue} == {
        (str(fact.subject), number, "2026-11-23T12:00:00Z")
        for fact, number in zip(undecided, (None, NUMBER), strict=True)
    }
    for fact in undecided:
        body = {"tribunal": LYON, "reason": "Au siège."}
        answer = await routing.post(f"/v1/procedures/{fact.subject}/assignment", body, "operator")
        assert answer.status_code == 202
    assert [event.data.fact for _, event in await routing.said()][-3:] == ["routed", "routed", "delivery"]


async def answers(routing: InProcess, on_its_way: Event[Any], first: UUID, received: Event[Any], second: UUID) -> None:
    """What was delivered is answered, once its receipt is read."""

    def reply(fact: Event[Any], delivery: UUID, said: str) -> Event[Any]:
        return a_reply(fact, said, delivery=delivery)

    assert await routing.read_replies(BORDEAUX, reply(on_its_way, first, "registered")) == []
    topic = tribunal_topic(BORDEAUX).name
    receipt = Delivered(tribunal=BORDEAUX, delivery=first, topic=topic, partition=0, offset=3, at=NOON)
    (waited,) = await routing.read(an_event(receipt, subject=on_its_way.subject))
    assert waited.data.fact == "registered"
    (said,) = await routing.read_replies(BORDEAUX, reply(received, second, "registered"))
    assert said.data.fact == "registered"
