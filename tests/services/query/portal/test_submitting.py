"""An agent submits: what is wrong is said where it was typed, the court is shown before, the number after."""

import re
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from fastapi import FastAPI

from tests.services.query.portal.filling import FACTS, OFFENCES, PERSONS, draft_of, filled, given, names, press
from tests.services.query.portal.people import AGENT, CLERK, Page, Portal, down


async def test_an_agent_sees_the_court_then_sends_and_has_the_number(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        confirm = await filled(browser)
        assert "Tribunal judiciaire de Bordeaux" in confirm.text
        assert "Rien n’est encore transmis" in confirm.text
        assert portal.world.journal == []
        page = await browser.send(confirm, "/send")
        assert "La procédure est transmise." in page.text
        assert re.search(r"Numéro \d{4}-\d{8}-\d{2} ", page.text)
        one = UUID(str(page.answer.url.path).rsplit("/", 1)[1])
        # What was sent is no draft any more: sent again, it is said, and nothing is made twice.
        again = await browser.send(confirm, "/send")
        assert again.answer.status_code == 404
        assert "il a été transmis" in again.text
        assert "Mes brouillons" not in (await browser.open("/submit")).text
    await portal.reaches(one, "delivered")
    async with portal.browser(CLERK) as browser:
        assert "Mise en cause : Marin" in (await browser.open(f"/procedures/{one}")).text


@pytest.mark.parametrize("held", ["query", "intake"])
async def test_what_the_view_does_not_show_yet_is_said_to_be_sent_and_is_sent_once(portal: Portal, held: str) -> None:
    async with portal.browser(AGENT) as browser:
        confirm = await filled(browser)
        # As when the view lags, or Kafka is down.
        portal.world.held.add(held)
        page = await browser.send(confirm, "/send")
        address = link_to_procedure(page)
        for shown in (page, await browser.open(address)):
            assert (shown.answer.status_code, "La procédure est transmise." in shown.text) == (202, True), shown.text
            assert FACTS["reference"] in shown.text
            assert "le suivi la montrera dans un moment" in shown.text
            assert link_to_procedure(shown) == address
        assert bool(re.search(r"\d{4}-\d{8}-\d{2}", page.text)) == (held == "query")
        # Whoever sends it again makes nothing.
        assert (await browser.send(confirm, "/send")).answer.status_code == 404
        portal.world.held.clear()
        portal.world.services[held].running.relay_bell.ring()
        one = UUID(urlsplit(address).path.rsplit("/", 1)[1])
        await portal.reaches(one, "delivered")
        assert "Chronologie" in (await browser.open(address)).text
    assert [event.subject for event in portal.world.journal if event.data.fact == "submitted"] == [one]


async def test_nothing_is_said_to_be_sent_that_is_not_there_or_not_theirs(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.world.held.add("query")
    theirs = await portal.submitted(delivered=False)
    said = {"said": "submitted"}
    async with portal.browser(CLERK) as browser:
        assert (await browser.open(f"/procedures/{theirs}", **said)).answer.status_code == 404
    async with portal.browser(AGENT) as browser:
        page = await browser.open(f"/procedures/{UUID(int=7)}", **said)
        assert (page.answer.status_code, "est transmise" in page.text) == (404, False)
        app: FastAPI = portal.world.services["intake"].running.app
        monkeypatch.setattr(app, "middleware_stack", down)
        page = await browser.open(f"/procedures/{theirs}", **said)
        assert (page.answer.status_code, "est transmise" in page.text) == (503, False)
        assert "Le suivi ne montre pas encore de procédure sous cet identifiant" in page.text


def link_to_procedure(page: Page) -> str:
    """The address that a page leads to."""
    (found,) = [str(one["href"]) for tag, one in page.elements if tag == "a" and "/procedures/" in str(one.get("href"))]
    return found


@pytest.mark.parametrize(
    ("step", "typed", "field", "words"),
    [
        ("facts", {"places/0/commune": "bordeau"}, "places/0/commune", "33063 Bordeaux (Gironde)"),
        ("facts", {"places/0/commune": "99999"}, "places/0/commune", "Aucune commune n’a ce code INSEE"),
        ("facts", {"reference": '"><x'}, "reference", "La forme attendue"),
        ("facts", {"facts/from": "2099-01-01"}, "facts/from", "dans l’avenir"),
        ("facts", {"places/0/commune": "", "places/0/ground": ""}, "places/0/ground", "Indiquez au moins un lieu."),
        ("offences", {"natinf/0": "cheque provision"}, "natinf/0", "Choisissez un code : 7 RETRAIT"),
        ("offences", {"natinf/0": "zzz"}, "natinf/0", "Aucun code ne correspond"),
        ("offences", {"nataff/0": "zzz"}, "nataff/0", "Aucun code ne correspond"),
        ("persons", {"author/email": "x"}, "author/email", "forme attendue"),
        ("persons", {"persons/0/birth_date": "31/02/1972"}, "persons/0/birth_date", "Cette date n’existe pas."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_with_what_was_typed(
    portal: Portal, step: str, typed: dict[str, str], field: str, words: str
) -> None:
    right = {"facts": FACTS, "offences": OFFENCES, "persons": PERSONS}[step]
    async with portal.browser(AGENT) as browser:
        page = await press(browser, await filled(browser, step), step, "next", **right | typed)
    assert page.answer.status_code == 400
    assert words in page.text
    shown = given(page, field)
    assert (shown["aria-invalid"], shown["aria-describedby"]) == ("true", f"{field}-error")
    if typed[field] and field != "reference":
        assert shown["value"] == typed[field]


async def test_rows_are_added_and_taken_away_without_losing_a_word(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page = await press(browser, await browser.open("/submit"), "facts", "add:places", **FACTS)
        assert given(page, "reference")["value"] == FACTS["reference"]
        more = {"places/1/ground": "residence", "places/1/commune": "75056 Paris"}
        page = await press(browser, page, "facts", "add:places", **FACTS | more)
        assert len(names(page, "places")) == 12
        third = {"places/2/ground": "facts", "places/2/text": "au large"}
        page = await press(browser, page, "facts", "remove:places/0", **FACTS | more | third)
        assert len(names(page, "places")) == 8
        assert given(page, "places/0/commune")["value"] == "75056 Paris"
        assert given(page, "places/1/text")["value"] == "au large"
        assert portal.world.journal == []


async def test_many_of_each_are_sent_in_their_order(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page = await filled(browser, "offences")
        natinf = {f"natinf/{number}": code for number, code in enumerate(["7", "22587", "", "27736"])}
        page = await press(browser, page, "offences", "next", **natinf)
        people = {f"persons/{n}/{name}": value for n in range(12) for name, value in _person(n).items()}
        page = await press(browser, page, "persons", "next", **people)
        page = await press(browser, page, "documents", "next")
        page = await browser.send(page, "/send")
        assert "La procédure est transmise." in page.text, page.text
        for part in ("7, 22587, 27736", "Nom0", "Nom11, née le 03/11/1972"):
            assert part in page.text
        assert page.text.index("Nom2") < page.text.index("Nom10")


def _person(number: int) -> dict[str, str]:
    named = {"role": "victim", "kind": "natural", "family_name": f"Nom{number}"}
    return named | ({"birth_date": "3/11/1972"} if number == 11 else {})


async def test_codes_are_found_by_their_words(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        communes = (await browser.http.get("/suggestions/commune", params={"q": "Bordeau"})).json()
        assert ["33063", "Bordeaux (Gironde)"] in communes
        assert (await browser.http.get("/suggestions/natinf", params={"q": "chèque provision"})).json()[0][0] == "7"
        assert (await browser.http.get("/suggestions/nataff", params={"q": "environnement"})).json()
        assert (await browser.http.get("/suggestions/natinf", params={"q": ""})).json() == []
        assert (await browser.http.get("/suggestions/secrets", params={"q": "x"})).status_code == 404


async def test_courts_submit_nothing(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        kept = draft_of(await filled(browser, "offences"))
    async with portal.browser(CLERK) as browser:
        for path in ("/submit", f"/submit/{kept}/facts", f"/submit/{kept}/recap"):
            assert (await browser.open(path)).answer.status_code == 403
        assert "/submit" not in (await browser.open("/")).html
