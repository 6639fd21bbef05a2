"""Procedures that seem to be about the same facts: links on the page of one, a warning before one is sent."""

from chassis.clock import new_id
from tests.services.query.portal.filling import FACTS, PERSONS, press
from tests.services.query.portal.people import AGENT, CLERK, DOSSIER, Browser, Page, Portal

WHY = "Même commune, dates des faits qui se recouvrent, même infraction (NATINF)"
HEADING, WARNING = "Procédures qui semblent liées", "Ces faits ont peut-être déjà été transmis"


async def test_a_court_is_led_to_what_another_administration_reported_of_the_same_facts(portal: Portal) -> None:
    one = await portal.submitted()
    body = DOSSIER | {"reference": "AUTRE-1"}
    answer = await portal.world.post("intake", "/v1/procedures", "administration:dreal-64", str(new_id()), body)
    other = answer.json()["id"]
    await portal.reaches(other, "delivered")
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        assert HEADING in page.text
        assert f"dreal-64, remise au tribunal {WHY}" in page.text
        assert f"/procedures/{other}" in [given.get("href") for _, given in page.elements]
        assert "DREAL33-2026-00042" in (await browser.open(f"/procedures/{other}")).text
    async with portal.browser(AGENT) as browser:
        page = await browser.open(f"/procedures/{one}")
        assert page.answer.status_code == 200
        assert (HEADING in page.text, other in page.html) == (False, False)


async def test_an_agent_is_warned_of_facts_that_were_sent_already_and_may_send_them(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        assert WARNING not in (await about_a_cheque(browser)).text
        one = await portal.submitted(natinf=["7"])
        confirm = await about_a_cheque(browser)
        assert WARNING in confirm.text
        assert WHY in confirm.text
        assert f"/procedures/{one}" in [given.get("href") for _, given in confirm.elements]
        assert "La procédure est transmise." in (await browser.send(confirm, "/send")).text


async def about_a_cheque(browser: Browser) -> Page:
    """The last step of a form about the same month and commune."""
    page = await press(browser, await browser.open("/submit"), "facts", "next", **FACTS | {"facts/to": "2021-03-31"})
    page = await press(browser, page, "offences", "next", **{"natinf/0": "00007"})
    page = await press(browser, page, "persons", "next", **PERSONS)
    return await press(browser, page, "documents", "next")
