"""Searches under a name, what was made of the words of one, and addresses that nothing answers."""

import re

import pytest

from tests.services.query.portal.people import AGENT, CLERK, Browser, Page, Portal
from tests.services.query.portal.test_lists import references


def views(page: Page) -> list[tuple[str, bool]]:
    """The addresses of those saved, and whether one is open."""
    inside = page.html.partition('id="views"')[2].partition("</section>")[0]
    links = re.findall(r'<a class="fr-link" href="([^"]+)"( aria-current="true")?>', inside)
    return [(address.replace("&amp;", "&"), bool(current)) for address, current in links]


async def save(browser: Browser, name: str, **filters: str) -> Page:
    return await browser.send(await browser.open("/", **filters), "/views", name=name)


async def test_a_search_is_kept_found_again_and_deleted_by_its_owner_alone(portal: Portal) -> None:
    await portal.submitted(reference="A-1")
    await portal.submitted(reference="B-2")
    async with portal.browser(CLERK) as browser, portal.browser(AGENT) as other:
        assert [form["action"] for form in (await browser.open("/")).forms if "views" in form["action"]] == []
        page = await save(browser, " À <suivre> ", q="b-", urgent="false")
        assert (references(page), views(page)) == (["B-2"], [("/?q=b-&urgent=false", True)])
        assert "À <suivre>" in page.text
        assert "<suivre>" not in page.html
        page = await browser.open("/")
        assert views(page) == [("/?q=b-&urgent=false", False)]
        assert views(await other.open("/")) == []
        action = page.forms[-1]["action"]
        theirs = await other.http.post(action, data={"csrf": page.forms[-1]["fields"]["csrf"]})
        assert theirs.status_code == 403
        own = await other.open("/", q="x")
        own.forms[-1]["action"] = action
        assert (await other.send(own, action)).answer.status_code == 404
        page = await browser.send(page, action)
        assert (page.answer.status_code, views(page)) == (200, [])


@pytest.mark.parametrize("name", ["", "x" * 61, "a\nb"])
async def test_a_view_that_cannot_be_saved_is_said_at_its_field_with_what_was_typed(portal: Portal, name: str) -> None:
    async with portal.browser(CLERK) as browser:
        page = await save(browser, name, q="b-")
    assert page.answer.status_code == 400
    assert "Donnez à cette vue un nom" in page.text
    (field,) = [given for _, given in page.elements if given.get("id") == "view-name"]
    assert (field["value"], field["aria-invalid"]) == (name, "true")
    assert ("input", "b-") in [(tag, one.get("value")) for tag, one in page.elements if one.get("id") == "q"]


async def test_a_name_is_taken_once(portal: Portal) -> None:
    async with portal.browser(CLERK) as browser:
        await save(browser, "Urgentes", urgent="true")
        again = await save(browser, "Urgentes", q="b-")
        assert (again.answer.status_code, "Vous avez déjà une vue de ce nom." in again.text) == (409, True)
        forged = await browser.http.post("/views", data={"csrf": "x", "name": "y"})
        assert forged.status_code == 403


async def test_what_the_search_made_of_the_words_is_said(portal: Portal) -> None:
    one = await portal.submitted(reference="A-1")
    await portal.reaches(one, "delivered")
    async with portal.browser(CLERK) as browser:
        number = (await portal.world.services["query"].get(f"/v1/procedures/{one}")).json()["number"]
        slip = number[:6] + ("1" if number[6] != "1" else "2") + number[7:]
        corrected = await browser.open("/", q=slip)
        assert references(corrected) == ["A-1"]
        assert f"Recherche corrigée : aucune procédure ne porte le numéro {slip} ; voici" in corrected.text
        ignored = await browser.open("/", q="saint")
        assert "Ignoré : saint (" in ignored.text
        plain = (await browser.open("/", q=number)).text
        assert ("Recherche corrigée" in plain, "Ignoré" in plain) == (False, False)


BROWSERS = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "accept", "is_page"),
    [
        ("/nowhere", BROWSERS, True),
        ("/submit/check", BROWSERS, True),
        ("/nowhere", "*/*", False),
        ("/nowhere", "application/json, text/html;q=0.5", False),
        ("/nowhere", "text/html;q=x", False),
        ("/v1/nowhere", BROWSERS, False),
    ],
)
async def test_addresses_that_nothing_answers_are_a_page_for_people_and_a_problem_for_programs(
    portal: Portal, path: str, accept: str, is_page: bool
) -> None:
    async with portal.browser() as browser:
        answer = await browser.http.get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert ("Revenir à l’accueil" in answer.text) is is_page
    assert answer.headers["content-type"].startswith("text/html" if is_page else "application/problem+json")
