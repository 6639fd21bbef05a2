"""An agent submits: what is wrong is said where it was typed, the court is shown before, the number after."""

import re
from typing import Any
from uuid import UUID

import pytest

from tests.services.query.portal.people import AGENT, CLERK, Page, Portal

FILLED = {
    "reference": "DREAL33-2026-7",
    "kind": "article-40",
    "facts/from": "2021-03-01",
    "facts/summary": "Rejet de produits.",
    "natinf/0": "22587",
    "places/0/ground": "facts",
    "places/0/commune": "33063 Bordeaux (Gironde)",
    "persons/0/role": "suspect",
    "persons/0/kind": "natural",
    "persons/0/family_name": "Marin",
}


def given(page: Page, name: str) -> dict[str, Any]:
    (found,) = [one for _, one in page.elements if one.get("name") == name]
    return found


async def test_an_agent_sees_the_court_then_sends_and_has_the_number(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        confirm = await browser.send(await browser.open("/submit"), "/submit/check", **FILLED)
        assert confirm.answer.status_code == 200, confirm.text
        assert "Tribunal judiciaire de Bordeaux" in confirm.text
        assert "rien n’est encore transmis" in confirm.text
        assert portal.world.journal == []
        page = await browser.send(confirm, "/submit")
        assert "La procédure est transmise." in page.text
        assert re.search(r"Numéro \d{4}-\d{8}-\d{2} ", page.text)
        one = UUID(str(page.answer.url.path).rsplit("/", 1)[1])
        again = await browser.send(confirm, "/submit")
        assert again.answer.url.path == page.answer.url.path
    await portal.reaches(one, "delivered")
    async with portal.browser(CLERK) as browser:
        assert "Mise en cause : Marin" in (await browser.open(f"/procedures/{one}")).text


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"places/0/commune": "bordeau"}, "places/0/commune", "33063 Bordeaux (Gironde)"),
        ({"places/0/commune": "99999"}, "places/0/commune", "Aucune commune n’a ce code INSEE"),
        ({"natinf/0": "cheque provision"}, "natinf/0", "Choisissez un code : 7 RETRAIT"),
        ({"natinf/0": "zzz"}, "natinf/0", "Aucun code ne correspond"),
        ({"reference": '"><x'}, "reference", "La forme attendue"),
        ({"facts/from": "2099-01-01"}, "facts/from", "dans l’avenir"),
        ({"author/email": "x"}, "author/email", "forme attendue"),
        ({"places/0/commune": "", "places/0/ground": ""}, "places/0/ground", "Indiquez au moins un lieu."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_with_what_was_typed(
    portal: Portal, typed: dict[str, str], field: str, words: str
) -> None:
    async with portal.browser(AGENT) as browser:
        page = await browser.send(await browser.open("/submit"), "/submit/check", **FILLED | typed)
    assert page.answer.status_code == 400
    assert words in page.text
    shown = given(page, field)
    assert (shown["aria-invalid"], shown["aria-describedby"]) == ("true", f"{field}-error")
    assert given(page, "persons/0/family_name")["value"] == "Marin"


async def test_whoever_goes_back_finds_what_was_typed(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        confirm = await browser.send(await browser.open("/submit"), "/submit/check", **FILLED)
        confirm.form("/submit")["action"] = "/submit/edit"
        page = await browser.send(confirm, "/submit/edit")
    assert given(page, "reference")["value"] == "DREAL33-2026-7"
    assert "Rejet de produits." in page.text


async def test_codes_are_found_by_their_words(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        communes = (await browser.http.get("/suggestions/commune", params={"q": "Bordeau"})).json()
        assert ["33063", "Bordeaux (Gironde)"] in communes
        assert (await browser.http.get("/suggestions/natinf", params={"q": "chèque provision"})).json()[0][0] == "7"
        assert (await browser.http.get("/suggestions/natinf", params={"q": ""})).json() == []
        assert (await browser.http.get("/suggestions/secrets", params={"q": "x"})).status_code == 404


async def test_courts_submit_nothing(portal: Portal) -> None:
    async with portal.browser(CLERK) as browser:
        assert (await browser.open("/submit")).answer.status_code == 403
        assert "/submit" not in (await browser.open("/")).html
