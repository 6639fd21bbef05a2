"""Which facts become mails: those that took effect, once, whatever comes again."""

from uuid import uuid4

from sqlalchemy import text

from chassis import followed
from services.notify import store
from tests.contracts import builders as contracts
from tests.services.notify import facts
from tests.services.notify.conftest import World

TOLD = "SELECT event_type, recipient, urgent FROM deliveries ORDER BY event_type"


async def kinds(world: World) -> list[str]:
    return [row[0].split(".")[-2] for row in await world.notify.rows(TOLD)]


async def test_five_facts_are_told_and_no_other(world: World) -> None:
    one = await world.submitted()
    after = [facts.acknowledged(one), facts.supplement_requested(one), facts.registered(one), facts.infected(one)]
    said = await world.notify.read(
        *facts.handed_over(one), *after, facts.dismissed(one), facts.of(one, contracts.closed())
    )
    assert said == []
    assert await kinds(world) == ["acknowledged", "decided", "document-infected", "numbered", "supplement-requested"]
    assert {row[1] for row in await world.notify.rows(TOLD)} == {"administration:dreal-33"}


async def test_a_fact_that_comes_again_in_a_batch_or_at_another_offset_makes_no_second_mail(world: World) -> None:
    one = await world.submitted()
    number = facts.numbered(one)
    await world.notify.read(number, number)
    await world.notify.read(number)
    await world.notify.read(facts.of(one, contracts.numbered("2026-00000043-23")))
    assert await kinds(world) == ["numbered"]


async def test_a_fact_that_had_no_effect_is_not_told(world: World) -> None:
    one = await world.submitted()
    await world.notify.read(facts.acknowledged(one), facts.dismissed(one))
    await world.notify.read(*facts.handed_over(one))
    stranger = facts.of(one, contracts.acknowledged(tribunal=contracts.PARIS))
    other = facts.of(one, contracts.acknowledged(delivery=contracts.OTHER_DELIVERY))
    await world.notify.read(stranger, other)
    assert await kinds(world) == ["numbered"]


async def test_a_declined_procedure_is_told_again_only_by_its_next_court(world: World) -> None:
    one = await world.submitted()
    await world.notify.read(*facts.handed_over(one), facts.of(one, contracts.declined()))
    anew = [contracts.routed(contracts.PARIS), contracts.delivered(contracts.PARIS, contracts.OTHER_DELIVERY)]
    await world.notify.read(*(facts.of(one, data) for data in anew))
    await world.notify.read(facts.acknowledged(one))
    assert await kinds(world) == ["numbered"]
    await world.notify.read(facts.of(one, contracts.acknowledged(contracts.PARIS, contracts.OTHER_DELIVERY)))
    assert await kinds(world) == ["acknowledged", "numbered"]


async def test_each_request_for_more_is_told(world: World) -> None:
    one = await world.submitted()
    await world.notify.read(*facts.handed_over(one), facts.supplement_requested(one), facts.supplement_requested(one))
    assert (await kinds(world)).count("supplement-requested") == 2


async def test_an_infected_document_is_told_once_before_the_number_and_after_the_withdrawal(world: World) -> None:
    one = await world.submitted()
    first, second = facts.infected(one), facts.infected(one, uuid4())
    assert await world.notify.read(first, first) == []
    await world.notify.read(facts.of(one, contracts.withdrawn()), second)
    await world.notify.read(first, second)
    assert await kinds(world) == ["document-infected", "document-infected"]
    assert await world.notify.rows("SELECT status FROM procedures") == [("withdrawn",)]


async def test_an_infected_document_of_a_closed_procedure_is_told(world: World) -> None:
    one = await world.submitted()
    road = [facts.registered(one), facts.dismissed(one), facts.of(one, contracts.closed())]
    await world.notify.read(*facts.handed_over(one), *road, facts.infected(one))
    assert await kinds(world) == ["decided", "document-infected", "numbered"]
    assert await world.notify.rows("SELECT status FROM procedures") == [("closed",)]


async def test_a_procedure_that_was_never_submitted_has_no_mail(world: World) -> None:
    await world.notify.read(facts.numbered(uuid4()))
    assert await kinds(world) == []
    assert await world.notify.rows("SELECT * FROM dead_letters") == []


async def test_a_batch_that_is_rolled_back_is_told_when_it_comes_again(world: World) -> None:
    one = await world.submitted()
    number = facts.numbered(one)
    async with world.notify.abandoned() as transaction:
        await world.notify.apply(transaction, [number])
    assert await kinds(world) == []
    await world.notify.read(number)
    assert await kinds(world) == ["numbered"]


async def test_urgency_is_kept_with_the_mail(world: World) -> None:
    urgent, other = await world.submitted(urgent=True), await world.submitted()
    await world.notify.read(facts.numbered(urgent), facts.numbered(other))
    assert sorted(row[2] for row in await world.notify.rows(TOLD)) == [False, True]


async def test_no_address_nor_name_is_in_the_database(world: World) -> None:
    one = await world.submitted()
    await world.notify.read(facts.numbered(one))
    async with world.at_work():
        await world.until_states("sent")
    kept = str([await world.notify.rows(f"SELECT * FROM {table}") for table in ("deliveries", "procedures", "outbox")])  # noqa: S608
    assert "alix" not in kept.lower()
    assert "@" not in kept


async def test_migrations_make_the_tables_that_the_code_declares(world: World) -> None:
    for table in followed.metadata.sorted_tables:
        if table.name not in store.metadata.tables:
            table.to_metadata(store.metadata)
    assert await world.notify.drift(store.metadata) == []


async def test_a_fact_is_told_where_a_newer_process_kept_more_of_it(world: World) -> None:
    await world.notify.read(facts.numbered(await world.submitted()))
    async with world.notify.running.engine.begin() as connection:
        await connection.execute(text("""UPDATE deliveries SET event_data = event_data || '{"series": 1}'"""))
    async with world.at_work():
        await world.until_states("sent")
