"""The operators' pages: what waits in the five services, and what is decided of it; for operators alone."""

import re
from pathlib import Path

import httpx
import pytest

from chassis.service import Running
from services.query.portal.operations.standing import reading_of
from tests.answers.world import build_one
from tests.builders import NOON
from tests.services.in_process import NOWHERE
from tests.services.issuer import keys_known
from tests.services.query.portal.morning import (
    a_letter_of_bytes,
    a_mail_given_up,
    a_morning,
    a_number_taken,
    a_procedure_at_sea,
    do,
)
from tests.services.query.portal.people import AGENT, CLERK, OPERATOR, Browser, Page, Portal

PAGES = ("", "/unroutable", "/dead-letters", "/dead-letters/routing", "/positions", "/deliveries")


@pytest.mark.parametrize("who", [CLERK, AGENT])
async def test_nobody_else_comes_in(portal: Portal, who: str) -> None:
    one = await portal.submitted(delivered=False)
    async with portal.browser(who) as browser:
        home = await browser.open("/")
        assert "Exploitation" not in home.text
        for path in (*PAGES, f"/unroutable/{one}", f"/dead-letters/routing/{one}"):
            assert (await browser.http.get(f"/operations{path}")).status_code == 403, path
        assert (await browser.http.get("/suggestions/tribunal?q=bordeaux")).status_code == 403
        for path in (f"/unroutable/{one}", f"/deliveries/{one}/retry", f"/dead-letters/routing/{one}/discard"):
            home.form("/sign-out")["action"] = f"/operations{path}"
            sent = await browser.sent(home, path, tribunal="tj33063", reason="x", key="k")
            assert (sent.status_code, "n’a pas accès" in sent.text) == (403, True), path
            home.form(path)["action"] = "/sign-out"


async def test_the_overview_says_what_waits_in_each_service(portal: Portal) -> None:
    await a_morning(portal)
    async with portal.browser(OPERATOR) as browser:
        assert "Exploitation" in (await browser.open("/")).text
        page = await browser.open("/operations")
    assert "1 à orienter" in page.text
    assert "1 en échec" in page.text
    assert "ne répond pas" not in page.text
    assert rows(page) == [
        "Dépôt intake 0 du service intake 0 du service intake –",
        "Numérotation numbering 1 du service numbering 0 du service numbering –",
        "Orientation routing 0 du service routing 0 du service routing –",
        "Notifications notify 0 du service notify 0 du service notify –",
        "Suivi query 1 du service query 0 du service query –",
    ]


async def test_a_service_that_is_down_is_said_so_on_its_line(
    portal: Portal, portal_databases: dict[str, str], ports: dict[str, int]
) -> None:
    told = {f"{name}_url": f"http://127.0.0.1:{port}" for name, port in ports.items()}
    told |= {"numbering_url": f"http://{NOWHERE}", "public_url": portal.url}
    running = Running(*build_one("query", portal_databases["query"], portal.issuer, **told), clock=lambda: NOON)
    await keys_known(running)
    await a_letter_of_bytes(portal)
    async with portal.browser(OPERATOR) as signed_in:
        transport, cookies = httpx.ASGITransport(running.app), signed_in.http.cookies
        async with httpx.AsyncClient(transport=transport, base_url=portal.url, cookies=cookies) as http:
            browser = Browser(http)
            page = await browser.open("/operations")
            others = [await browser.open(f"/operations{path}") for path in ("/dead-letters", "/positions")]
            down = await browser.open("/operations/dead-letters/numbering")
    await running.engine.dispose()
    await running.lock_engine.dispose()
    lines = {row.split()[1]: row for row in rows(page)}
    assert [name for name, line in lines.items() if "ne répond pas" in line] == ["numbering"]
    assert "1 du service query" in lines["query"]
    assert [(one.answer.status_code, one.text.count("ne répond pas")) for one in others] == [(200, 1), (200, 1)]
    assert (down.answer.status_code, "numbering" in down.text) == (503, True)


async def test_an_operator_designates_a_court_by_its_code_or_is_told_which_there_are(portal: Portal) -> None:
    one = await a_procedure_at_sea(portal)
    async with portal.browser(OPERATOR) as browser:
        assert f"/operations/unroutable/{one}" in (await browser.open(f"/procedures/{one}")).html
        queue = await browser.open("/operations/unroutable")
        assert "1 procédure attend" in queue.text
        assert "MER-1" in queue.text
        assert "Lieu sans commune" in queue.text
        page = await browser.open(f"/operations/unroutable/{one}")
        assert "La commune de ce lieu." in page.text
        suggested = (await browser.http.get("/suggestions/tribunal", params={"q": "bordeaux"})).json()
        assert suggested == [["tj33063", "Tribunal judiciaire de Bordeaux"]]

        refused = await browser.send(page, f"/{one}", tribunal="Bordeaux", reason="Accord.")
        assert refused.answer.status_code == 400
        assert "Choisissez un tribunal par son code : tj33063 Tribunal judiciaire de Bordeaux." in refused.text
        assert "Accord." in refused.text
        for reason in ("", "x" * 1_000_000):
            refused = await browser.send(refused, f"/{one}", tribunal="tj33063 Tribunal", reason=reason)
            (field,) = [given for _, given in refused.elements if given.get("id") == "reason"]
            assert (refused.answer.status_code, field.get("aria-invalid")) == (400, "true")
        for _ in range(2):
            after = await browser.send(refused, f"/{one}", tribunal="tj33063 Tribunal", reason="Accord des parquets.")
            assert "Le tribunal est désigné" in after.text
            assert "Aucune procédure n’attend" in after.text
        late = await browser.send(page, f"/{one}", tribunal="tj75056", reason="Accord.")
        assert late.answer.status_code == 422
        assert (await browser.open(f"/operations/unroutable/{one}")).answer.status_code == 404
        page.form(f"/{one}")["fields"]["key"] = "another"
        late = await browser.send(page, f"/{one}", tribunal="tj75056", reason="Accord.")
        assert (late.answer.status_code, "elle n’attend pas de décision" in late.text) == (409, True)
    await portal.reaches(one, "delivered")
    assert (await portal.facts(one)).count("routed") == 1


async def test_a_letter_is_replayed_with_what_waited_behind_it(portal: Portal) -> None:
    await a_number_taken(portal)
    async with portal.browser(OPERATOR) as browser:
        every = await browser.open("/operations/dead-letters")
        (address,) = letters_on(every)
        assert address in letters_on(await browser.open("/operations/dead-letters/numbering"))
        page = await browser.open(address)
        for part in ("Donnée refusée par la base", "Messages derrière elle1", "ouverte", "ce_type"):
            assert part in page.text, part
        refused = await browser.send(page, "/replay")
        assert (refused.answer.status_code, "La lettre échoue encore" in refused.text) == (409, True)
        await do(portal, "numbering", "DELETE FROM numbers")
        after = await browser.send(refused, "/replay")
        assert "La lettre est rejouée ; le message qui attendait derrière elle est reparti." in after.text
        assert "Rejouée par" in after.text
        again = await browser.send(page, "/replay")
        assert (again.answer.status_code, "déjà close" in again.text) == (409, True)
        assert letters_on(await browser.open("/operations/dead-letters/numbering")) == []
        closed = await browser.open("/operations/dead-letters/numbering", state="closed")
        assert letters_on(closed) == [address]


async def test_a_letter_is_discarded_with_a_reason_and_its_bytes_are_only_text(portal: Portal) -> None:
    await a_letter_of_bytes(portal)
    async with portal.browser(OPERATOR) as browser:
        (address,) = letters_on(await browser.open("/operations/dead-letters"))
        page = await browser.open(address)
        assert "&lt;b&gt;" in page.html
        assert "\x1b" not in page.html
        assert "infoparquet dead-letters show" in page.text
        refused = await browser.send(page, "/discard", reason=" ")
        (field,) = [given for _, given in refused.elements if given.get("id") == "reason"]
        assert (refused.answer.status_code, field["aria-invalid"]) == (400, "true")
        after = await browser.send(refused, "/discard", reason="Essai d’un raccordement.")
        assert "La lettre est écartée." in after.text
        assert "Essai d’un raccordement." in after.text
        assert [form for form in after.forms if "discard" in form["action"]] == []


async def test_a_mail_that_failed_is_tried_again(portal: Portal) -> None:
    one = await portal.submitted()
    await a_mail_given_up(portal, one)
    async with portal.browser(OPERATOR) as browser:
        page = await browser.open("/operations/deliveries")
        for part in ("1 notification en échec", "Adresse refusée", "Numérotée", str(one)):
            assert part in page.text, part
        after = await browser.send(page, "/retry")
        assert "La notification est de nouveau en attente d’envoi." in after.text
        assert "Aucune notification n’est en échec." in after.text
        again = await browser.send(page, "/retry")
        assert (again.answer.status_code, "n’est pas en échec" in again.text) == (409, True)
    assert await portal.world.services["notify"].rows("SELECT state FROM deliveries") == [("waiting",)]


async def test_what_is_not_there_is_said_in_words(portal: Portal) -> None:
    nobodys = "01a20d59-6c18-7686-b0a5-7600e7b99ba0"
    async with portal.browser(OPERATOR) as browser:
        for path, status in {
            "/dead-letters/postman": 404,
            f"/dead-letters/routing/{nobodys}": 404,
            "/dead-letters/routing/A": 400,
            "/dead-letters/routing?cursor=x": 404,
            "/deliveries?cursor=x": 404,
            "/unroutable/x": 400,
        }.items():
            page = await browser.open(f"/operations{path}")
            assert (page.answer.status_code, "Revenir à l’accueil" in page.text) == (status, True), path


async def test_operators_are_led_to_the_trace_of_a_procedure(portal: Portal) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    one = await portal.submitted()
    borne = f"00-{trace}-00f067aa0ba902b7-01"
    await do(portal, "query", "UPDATE timeline SET traceparent = :borne", borne=borne)
    leads = {}
    for who in (OPERATOR, CLERK):
        async with portal.browser(who) as browser:
            leads[who] = (await browser.open(f"/procedures/{one}")).html.count(f"https://traces.example/trace/{trace}")
    assert leads[OPERATOR] > 1
    assert leads[CLERK] == 0


def test_what_waits_longest_comes_first() -> None:
    rows = [
        {"topic": "b", "partition": 0, "lag": 2, "oldest_unread_seconds": 1.0},
        {"topic": "a", "partition": 1, "lag": 0, "oldest_unread_seconds": 0.0},
        {"topic": "a", "partition": 0, "lag": 3, "oldest_unread_seconds": 70.0},
    ]
    reading = reading_of(rows)
    assert (reading.behind, reading.abreast) == ([rows[2], rows[0]], [rows[1]])
    assert (reading.lag, reading.oldest) == (5, 70.0)
    assert reading_of([]).oldest == 0


def rows(page: Page) -> list[str]:
    """The text of each row of the page's table, without its head."""
    found = re.findall(r"<tr[^>]*>(.*?)</tr>", page.html, re.DOTALL)[1:]
    return [Page(httpx.Response(200, html=part)).text.strip() for part in found]


def letters_on(page: Page) -> list[str]:
    """The addresses of the letters that a page lists."""
    addresses = [str(given["href"]) for tag, given in page.elements if tag == "a"]
    return [one for one in addresses if Path(one).parent.parent.name == "dead-letters"]
