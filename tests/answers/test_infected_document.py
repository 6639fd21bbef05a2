"""An infected document, whenever it is found: its author has a mail, the view shows it, and nobody else moves."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from infoparquet_contracts.facts import DocumentInfected
from sqlalchemy import text

from chassis.clock import new_id
from chassis.outbox import to_journal
from tests.answers.mails import Mailroom
from tests.answers.test_any_sequence import BODY, DREAL
from tests.answers.test_said_again import held, look_in_the_journal, mended
from tests.answers.world import World

OTHERS = ("intake", "numbering", "routing")
# What is said at all is noted in these, and that notify asked whom to write to.
APART = ("outbox", "said_facts", "dossier_readings")


async def submitted(world: World, *, settled: bool) -> UUID:
    """A procedure that its court was handed, or of which nobody has read yet."""
    answer = await world.post("intake", "/v1/procedures", DREAL, str(new_id()), BODY)
    if settled:
        await world.rest()
    return UUID(answer.json()["id"])


async def is_infected(world: World, procedure: UUID, supplement: UUID | None = None) -> UUID:
    """Intake says it, as when the scanner's verdict comes; the document's id."""
    data = DocumentInfected(document=new_id(), supplement=supplement)
    async with world.services["intake"].running.transactions.begin() as transaction:
        transaction.say(to_journal(transaction.event(procedure, data)))
    return data.document


async def told(world: World, mailroom: Mailroom) -> list[str]:
    """The facts that mails have told."""
    await mailroom.deliver(world.services)
    await world.rest()
    return mailroom.facts


async def shown(world: World, procedure: UUID) -> dict[str, Any]:
    """The procedure in the view."""
    answer: dict[str, Any] = (await world.services["query"].get(f"/v1/procedures/{procedure}")).json()
    return answer


async def kept(world: World) -> Mapping[str, Any]:
    """What those keep that it does not concern."""
    return {
        name: {table: rows for table, rows in (await held(world.services[name])).items() if table not in APART}
        for name in OTHERS
    }


@pytest.mark.parametrize("supplement", [None, UUID(int=7)], ids=["of the procedure", "of a supplement"])
async def test_its_author_is_told_the_view_shows_it_and_nobody_else_moves(
    world: World, mailroom: Mailroom, supplement: UUID | None
) -> None:
    procedure = await submitted(world, settled=True)
    mailroom.smtp.received.clear()
    mails = await told(world, mailroom)
    before, view = await kept(world), await shown(world, procedure)
    document = await is_infected(world, procedure, supplement)
    await world.rest()
    assert await told(world, mailroom) == [*mails, "document-infected"]
    assert await kept(world) == before
    after = await shown(world, procedure)
    (line,) = (one for one in after["timeline"] if one["fact"] == "document-infected")
    assert line["data"] == {"document": str(document), "supplement": supplement and str(supplement)}
    assert (line["source"], line["applied"]) == ("/services/intake", True)
    assert {**after, "timeline": None} == {**view, "timeline": None}
    assert await world.dead_letters() == []


async def test_one_found_before_the_number_and_one_after_the_withdrawal_are_told(
    world: World, mailroom: Mailroom
) -> None:
    mailroom.smtp.received.clear()
    procedure = await submitted(world, settled=False)
    await is_infected(world, procedure)
    await world.post("intake", f"/v1/procedures/{procedure}/withdrawal", DREAL, "k", {"reason": "duplicate"})
    await is_infected(world, procedure)
    await world.rest()
    assert (await told(world, mailroom)).count("document-infected") == 2
    assert (await shown(world, procedure))["status"] == "withdrawn"


async def test_one_that_was_lost_before_it_was_published_is_said_again_by_intake(
    world: World, mailroom: Mailroom
) -> None:
    mailroom.smtp.received.clear()
    procedure = await submitted(world, settled=True)
    await look_in_the_journal(world)
    await is_infected(world, procedure)
    async with world.services["intake"].running.engine.begin() as connection:
        assert (await connection.execute(text("DELETE FROM outbox"))).rowcount == 1
    assert await look_in_the_journal(world) == 1
    await world.rest()
    assert (await told(world, mailroom)).count("document-infected") == 1
    assert [one["fact"] for one in (await shown(world, procedure))["timeline"]].count("document-infected") == 1


async def test_one_that_the_view_or_notify_lacks_is_found_and_mended(world: World) -> None:
    for service in world.services.values():
        service.http.headers.update(service.issuer.bearer("operator", roles=["operator"]))
    procedure = await submitted(world, settled=True)
    await is_infected(world, procedure)
    await world.relay("intake")
    for name in ("notify", "query"):
        world.skip(name)
    await world.rest()
    await look_in_the_journal(world)
    found, left = await mended(world)
    assert {(one.said.name, one.lacking_in) for one in found.missing} == {
        ("document-infected", "notify"),
        ("document-infected", "query"),
    }
    assert left.missing == []
