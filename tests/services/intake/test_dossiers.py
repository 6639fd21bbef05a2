"""`GET /v1/dossiers/{id}`: to whom it is shown, for how long, and that reading it leaves a trace."""

import asyncio
import time

import pytest

from tests.services.intake.builders import BORDEAUX, NOON, PARIS, a_procedure, declined, delivery_to, numbered, routed
from tests.services.intake.conftest import DREAL, Intake

COURT, OTHER_COURT = f"tribunal:{BORDEAUX}", f"tribunal:{PARIS}"


async def a_dossier(intake: Intake) -> str:
    return str((await intake.post(a_procedure(), key="k1")).json()["id"])


async def readable(intake: Intake, one: str, organisation: str) -> bool:
    """Whether it is shown at once; the wait before a 404 has its own test."""
    try:
        answer = await asyncio.wait_for(intake.get(f"/v1/dossiers/{one}", organisation), 1.5)
    except TimeoutError:
        return False
    assert answer.status_code == 200
    return True


async def test_its_administration_reads_it_as_it_was_sent(intake: Intake) -> None:
    one = await a_dossier(intake)
    answer = await intake.get(f"/v1/dossiers/{one}", DREAL)
    assert answer.status_code == 200
    shown = answer.json()
    assert {name: shown[name] for name in a_procedure()} == a_procedure()
    assert (shown["id"], shown["number"], shown["administration"]) == (one, None, "dreal-33")


async def test_the_court_reads_it_from_the_delivery_on(intake: Intake) -> None:
    one = await a_dossier(intake)
    assert not await readable(intake, one, COURT)
    court_named, receipt = delivery_to(one)
    await intake.facts_arrive(numbered(one), court_named)
    assert not await readable(intake, one, COURT)
    await intake.facts_arrive(receipt)
    assert await readable(intake, one, COURT)
    assert not await readable(intake, one, OTHER_COURT)


async def test_a_court_that_declined_reads_it_no_more_and_the_next_one_does(intake: Intake) -> None:
    one = await a_dossier(intake)
    first = delivery_to(one)
    await intake.facts_arrive(*first)
    await intake.facts_arrive(declined(one, first[1].data.delivery), *delivery_to(one, PARIS))
    assert not await readable(intake, one, COURT)
    assert await readable(intake, one, OTHER_COURT)


async def test_facts_that_come_again_do_not_give_the_dossier_back(intake: Intake) -> None:
    one = await a_dossier(intake)
    first = delivery_to(one)
    refusal = declined(one, first[1].data.delivery)
    await intake.facts_arrive(*first, refusal)
    await intake.facts_arrive(*first)
    assert not await readable(intake, one, COURT)
    await intake.facts_arrive(*delivery_to(one, PARIS))
    assert await readable(intake, one, OTHER_COURT)


async def test_facts_of_a_procedure_that_was_never_submitted_have_no_effect(intake: Intake) -> None:
    nowhere = "0192f0c1-0000-7000-8000-000000000000"
    await intake.facts_arrive(numbered(nowhere), routed(nowhere))
    assert await intake.count("followed_facts") == 0


async def test_a_number_is_for_ever(intake: Intake) -> None:
    one = await a_dossier(intake)
    await intake.facts_arrive(numbered(one), numbered(one, "2026-00000043-23"))
    assert (await intake.get(f"/v1/dossiers/{one}", DREAL)).json()["number"] == "2026-00000042-26"


@pytest.mark.measured
async def test_what_is_anothers_is_not_found_after_the_same_wait_as_what_does_not_exist(intake: Intake) -> None:
    one = await a_dossier(intake)

    async def timed(path: str, organisation: str) -> tuple[float, int, str, dict[str, str]]:
        started = time.monotonic()
        answer = await intake.get(path, organisation)
        problem = {name: value for name, value in answer.json().items() if name != "instance"}
        return time.monotonic() - started, answer.status_code, answer.headers["Retry-After"], problem

    results = await asyncio.gather(
        timed(f"/v1/dossiers/{one}", "administration:urssaf"),
        timed(f"/v1/dossiers/{one}", COURT),
        timed("/v1/dossiers/0192f0c1-0000-7000-8000-000000000000", COURT),
    )
    assert all(5 <= seconds < 7 and status == 404 for seconds, status, *_ in results)
    assert results[0][2:] == results[1][2:] == results[2][2:]
    assert await intake.count("dossier_readings") == 0


async def test_right_after_the_delivery_the_court_is_made_to_wait_and_then_served(intake: Intake) -> None:
    one = await a_dossier(intake)
    reading = asyncio.create_task(intake.get(f"/v1/dossiers/{one}", COURT))
    await asyncio.sleep(0)
    await intake.facts_arrive(*delivery_to(one))
    assert (await reading).status_code == 200


async def test_every_reading_is_recorded(intake: Intake) -> None:
    one = await a_dossier(intake)
    await intake.get(f"/v1/dossiers/{one}", DREAL)
    await intake.get(f"/v1/dossiers/{one}/contact", "service:notify")
    readings = await intake.rows("SELECT * FROM dossier_readings ORDER BY part DESC")
    assert [(str(row.procedure_id), row.part, row.organisation, row.subject, row.read_at) for row in readings] == [
        (one, "dossier", DREAL, "agent-7", NOON),
        (one, "contact", "service:notify", "agent-7", NOON),
    ]


async def test_services_get_the_authors_address_and_nobody_else_does(intake: Intake) -> None:
    one = await a_dossier(intake)
    answer = await intake.get(f"/v1/dossiers/{one}/contact", "service:notify")
    assert answer.json() == {"name": "Alix Modèle", "email": "alix@dreal.example"}
    for organisation in (DREAL, COURT, "operator"):
        assert (await intake.get(f"/v1/dossiers/{one}/contact", organisation)).status_code == 403


async def test_an_author_who_gave_nothing_has_no_address(intake: Intake) -> None:
    made = await intake.post(a_procedure(author=None), key="k1")
    answer = await intake.get(f"/v1/dossiers/{made.json()['id']}/contact", "service:notify")
    assert answer.json() == {"name": None, "email": None}


async def test_services_and_operators_do_not_read_dossiers(intake: Intake) -> None:
    one = await a_dossier(intake)
    for organisation in ("operator", "service:notify"):
        assert (await intake.get(f"/v1/dossiers/{one}", organisation)).status_code == 403


async def test_an_id_that_is_none_is_said_so(intake: Intake) -> None:
    assert (await intake.get("/v1/dossiers/42", DREAL)).status_code == 400
