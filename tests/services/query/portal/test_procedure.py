"""A procedure's page: what each may read of it, its documents, and what may be said of it."""

from typing import Any
from uuid import UUID

import pytest
from infoparquet_contracts.codes import MissingItem

from chassis.clock import new_id
from tests.answers.world import World
from tests.services.query.portal.people import AGENT, CLERK, DREAL, OPERATOR, PARIS_CLERK, Portal


async def a_document(world: World, content: bytes, name: str, media_type: str) -> str:
    """Deposited by the DREAL."""
    intake = world.services["intake"]
    headers = intake.issuer.bearer(DREAL) | {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Idempotency-Key": str(new_id()),
    }
    answer = await intake.http.post("/v1/documents", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_the_page_says_where_it_stands_and_what_was_said_in_words(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
    assert "Remise au tribunal" in page.text
    assert "Remise au tribunal judiciaire de Bordeaux." in page.text
    assert "23/11/2026 à 13:00" in page.text
    for part in ("Exposé des faits", "Mise en cause : Paul Marin", "quai des Marques", "22587"):
        assert part in page.text


async def test_the_dossier_is_for_those_entitled(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(OPERATOR) as browser:
        page = await browser.open(f"/procedures/{one}")
        assert page.answer.status_code == 200
        assert "Marin" not in page.html
    async with portal.browser(PARIS_CLERK) as browser:
        assert (await browser.open(f"/procedures/{one}")).answer.status_code == 404


async def test_a_form_names_all_who_will_read_the_message(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        every = "Facultatif. Lu par elle, par votre tribunal et par celui qui serait saisi ensuite."
        declining = (
            "Facultatif. Lu par elle, par votre tribunal, par celui qui serait saisi ensuite et par l’exploitant qui "
            "désigne le tribunal."
        )
        assert page.text.count(every) == len([form for form in page.forms if "/reply/" in form["action"]]) - 1
        assert page.text.count(declining) == 1
        assert declining in page.text[page.text.index("Décliner la compétence") :]
        page = await browser.send(page, "/reply/acknowledged", text="Bien reçu, à Bordeaux.")
        await browser.send(page, "/reply/declined", reason="other", text="Voir le lieu du siège.")
    await portal.reaches(one, "unroutable")
    async with portal.browser(OPERATOR) as browser:
        waiting = await browser.open(f"/operations/unroutable/{one}")
        assert "Voir le lieu du siège." in waiting.text
        assert "Bien reçu, à Bordeaux." not in waiting.text
        await browser.send(waiting, f"/{one}", tribunal="tj75056", reason="Siège à Paris.")
    await portal.reaches(one, "delivered")
    for reader in (AGENT, CLERK, PARIS_CLERK):
        async with portal.browser(reader) as browser:
            page = await browser.open(f"/procedures/{one}")
            assert "Bien reçu, à Bordeaux." in page.text, reader
            assert "Voir le lieu du siège." in page.text, reader


async def test_births_are_dated_as_far_as_they_are_known(portal: Portal) -> None:
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{await portal.submitted()}")
    assert "Paul Marin, née le 24/12/1972" in page.text
    assert "Sylvain, née en 05/1980" in page.text


async def test_a_court_that_declined_no_longer_reads_the_dossier(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        after = await browser.send(page, "/reply/declined", reason="other-territory")
        assert "Le déclin de compétence est enregistré." in after.text
        assert "Marin" not in after.html
        assert after.forms == [after.form("/sign-out")]


async def test_documents_are_saved_through_the_portal_and_warned_of(portal: Portal) -> None:
    content = b"%PDF-1.7 not quite"
    first = await a_document(portal.world, content, "constat.pdf", "application/pdf")
    second = await a_document(portal.world, b"MZ" + bytes(200), "photo.jpg", "image/jpeg")
    one = await portal.submitted(documents=[first, second])
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        assert "vérifiez cette pièce avant de l’ouvrir" in page.text
        saved = await browser.http.get(f"/procedures/{one}/documents/{first}")
        assert (saved.status_code, saved.content) == (200, content)
        assert saved.headers["content-disposition"].startswith("attachment")
        assert saved.headers["content-type"] == "application/octet-stream"
        assert (saved.headers["x-content-type-options"], saved.headers["content-length"]) == ("nosniff", "18")
    async with portal.browser(PARIS_CLERK) as browser:
        assert (await browser.http.get(f"/procedures/{one}/documents/{first}")).status_code == 404
    async with portal.browser(OPERATOR) as browser:
        assert (await browser.http.get(f"/procedures/{one}/documents/{first}")).status_code in (403, 404)


TWO_ITEMS = [one.value for one in MissingItem][:2]
ROAD: list[tuple[str, dict[str, Any], str]] = [
    ("acknowledged", {"text": "Bien reçu."}, "La prise en charge est enregistrée."),
    (
        "supplement-requested",
        {"missing": [one.value for one in MissingItem][:2]},
        "demande de complément est transmise",
    ),
    ("registered", {"parquet_number": "26300000042"}, "L’enregistrement au bureau d’ordre est noté."),
    ("assigned", {"section": "ECO2"}, "L’attribution est enregistrée."),
    ("decided", {"orientation": "dismissal", "ground": "regularised"}, "La décision est enregistrée."),
    ("closed", {}, "La procédure est close."),
]


async def test_a_court_takes_a_procedure_to_its_end(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        for fact, typed, said in ROAD:
            page = await browser.send(page, f"/reply/{fact}", **typed)
            assert page.answer.status_code == 200, page.text
            assert said in page.text
            assert "dans un instant" not in page.text
        assert page.forms == [page.form("/sign-out")]
    said_of_it = await portal.facts(one)
    answers = [fact for fact, _, _ in ROAD]
    assert [fact for fact in said_of_it if fact in answers] == answers


async def test_an_administration_adds_to_its_procedure_and_withdraws_it(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(AGENT) as browser:
        page = await browser.open(f"/procedures/{one}")
        assert "Répondre" not in page.text
        refused = await browser.send(page, "/supplement", text=" ")
        assert (refused.answer.status_code, "Indiquez un texte" in refused.text) == (400, True)
        page = await browser.send(refused, "/supplement", text="Un témoin s’est présenté.")
        assert "Le complément est transmis." in page.text
        assert "Un témoin s’est présenté." in page.text
        page = await browser.send(page, "/withdrawal", reason="duplicate", comment="Doublon.")
        assert "La demande de retrait est transmise." in page.text
        assert "Retrait demandé par l’administration." in page.text
        assert [form["action"] for form in page.forms if "withdrawal" in form["action"]] == []
    assert (await portal.facts(one))[-2:] == ["supplemented", "withdrawn"]


async def test_a_form_sent_twice_is_one_answer(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        for _ in range(2):
            after = await browser.send(page, "/reply/registered", parquet_number="26300000042")
            assert "L’enregistrement au bureau d’ordre est noté." in after.text
        other = await browser.send(page, "/reply/registered", parquet_number="26300000043")
        assert other.answer.status_code == 422
    assert (await portal.facts(one)).count("registered") == 1


async def test_what_is_refused_is_said_at_its_field_with_what_was_typed(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        refused = await browser.send(page, "/reply/registered", parquet_number='x"<', text="Un mot.")
    assert refused.answer.status_code == 400
    (field,) = [given for _, given in refused.elements if given.get("id") == "registered-parquet_number"]
    assert (field["value"], field["aria-invalid"]) == ('x"<', "true")
    assert field["aria-describedby"] in [given.get("id") for _, given in refused.elements]
    assert "Un mot." in refused.text
    assert "registered" not in await portal.facts(one)


async def test_an_answer_to_another_delivery_than_the_one_shown_is_refused(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        page.form("/reply/acknowledged")["fields"]["delivery"] = str(new_id())
        assert (await browser.send(page, "/reply/acknowledged")).answer.status_code == 409
    assert "acknowledged" not in await portal.facts(one)


async def test_an_unknown_answer_is_no_page(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        page.form("/reply/acknowledged")["action"] += "-lost"
        assert (await browser.send(page, "-lost")).answer.status_code == 404


@pytest.mark.parametrize("one", [UUID(int=7), "bonjour"])
async def test_what_does_not_exist_is_said_in_words(portal: Portal, one: object) -> None:
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
    assert page.answer.status_code in (400, 404)
    assert "Revenir à l’accueil" in page.text
