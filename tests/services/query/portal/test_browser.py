"""In a real browser: no page is in anybody's way, nothing leaves the origin, the keyboard is enough, so is HTML."""

import re
from uuid import UUID

import pytest
from playwright.async_api import expect

from tests.services.query.portal.chromium import Window, a_window, needs_chromium
from tests.services.query.portal.people import AGENT, CLERK, Portal
from tests.services.query.portal.test_procedure import a_document

pytestmark = needs_chromium
URGENCY = {"reason": "limitation", "until": "2026-12-20"}


async def sign_in(window: Window, portal: Portal, who: str) -> None:
    """As people do."""
    await window.page.goto(f"{portal.url}/sign-in")
    await window.page.get_by_label("Votre organisation").fill(who)
    await window.page.keyboard.press("Enter")
    await window.page.wait_for_url(f"{portal.url}/")


async def an_urgent_one(portal: Portal) -> UUID:
    """With a document to be careful with, beside one that is not urgent."""
    document = await a_document(portal.world, b"MZ" + bytes(200), "photo.jpg", "image/jpeg")
    await portal.submitted(reference="B-2")
    return await portal.submitted(reference="A-1", urgency=URGENCY, documents=[document])


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
async def test_no_page_is_in_anybodys_way_and_nothing_leaves_the_origin(
    portal: Portal, scheme: str, width: int
) -> None:
    one = await an_urgent_one(portal)
    pages = {
        CLERK: ["/", "/inbox", f"/procedures/{one}", "/?status=closed", "/procedures/x"],
        AGENT: ["/submit", f"/procedures/{one}"],
    }
    for who, paths in pages.items():
        async with a_window(viewport={"width": width, "height": 900}, color_scheme=scheme) as window:
            await window.page.goto(portal.url)
            assert await window.violations() == []
            await sign_in(window, portal, who)
            for path in paths:
                await window.page.goto(f"{portal.url}{path}")
                for summary in await window.page.locator(".act > summary").all():
                    await summary.click()
                assert await window.violations() == [], path
                assert await window.page.evaluate("document.documentElement.scrollWidth") <= width
        # A page that is not there says so to the console too.
        assert [one for one in window.complaints if "404" not in one and "400" not in one] == []
        assert window.origins == {portal.url, portal.issuer.url}


async def test_a_clerk_does_the_whole_job_by_the_keyboard_alone(portal: Portal) -> None:
    await an_urgent_one(portal)
    async with a_window() as window:
        page, press = window.page, window.page.keyboard.press
        await page.goto(portal.url)
        await window.tab_to("Se connecter")
        await press("Enter")
        await page.wait_for_url(re.compile("/authorize"))
        await page.keyboard.type(CLERK)
        await press("Enter")
        await page.wait_for_url(f"{portal.url}/")
        await press("Tab")
        await expect(page.get_by_role("link", name="Contenu")).to_be_in_viewport()
        await window.tab_to("Boîte de réception")
        await press("Enter")
        await expect(page.get_by_role("heading", name="Boîte de réception")).to_be_visible()
        await window.tab_to("Choisir A-1")
        await press("Space")
        await window.tab_to("Prendre en charge les procédures choisies")
        await press("Enter")
        await expect(page.get_by_text("1 procédure est prise en charge.")).to_be_visible()
        await window.tab_to("Toutes les procédures")
        await press("Enter")
        await expect(page.get_by_role("heading", name="Procédures", exact=True)).to_be_visible()
        await window.tab_to("A-1")
        await press("Enter")
        await expect(page.get_by_role("heading", name="Répondre")).to_be_visible()
        await window.tab_to("Enregistrer au bureau d’ordre")
        await press("Enter")
        await window.tab_to("Numéro de parquet")
        await page.keyboard.type("x")
        await press("Enter")
        # What was refused is where the reader goes on, with what was typed.
        await expect(page.locator("#registered-parquet_number")).to_be_focused()
        await press("Control+a")
        await page.keyboard.type("26300000042")
        await press("Enter")
        await expect(page.locator("#said")).to_be_focused()
        await expect(page.get_by_text("L’enregistrement au bureau d’ordre est noté.")).to_be_visible()


async def test_a_court_needs_no_script(portal: Portal) -> None:
    one = await an_urgent_one(portal)
    async with a_window(java_script_enabled=False) as window:
        page = window.page
        await sign_in(window, portal, CLERK)
        await page.get_by_role("link", name="A-1").click()
        await page.get_by_text("Prendre en charge", exact=True).first.click()
        await page.locator("#act-acknowledged button").click()
        await expect(page.get_by_text("La prise en charge est enregistrée.")).to_be_visible()
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="photo.jpg").click()
        assert (await (await downloading.value).path()).read_bytes()[:2] == b"MZ"
    assert "acknowledged" in await portal.facts(one)


async def test_a_double_click_is_one_answer_and_a_link_of_an_old_mail_leads_on(portal: Portal) -> None:
    one = await an_urgent_one(portal)
    async with a_window() as window:
        page = window.page
        await sign_in(window, portal, CLERK)
        await page.goto("about:blank")
        await page.goto(f"{portal.url}/#/procedures/{one}")
        await page.wait_for_url(f"{portal.url}/procedures/{one}")
        await page.locator("#act-acknowledged summary").click()
        await page.locator("#act-acknowledged button").dblclick()
        await expect(page.get_by_text("La prise en charge est enregistrée.")).to_be_visible()
    assert (await portal.facts(one)).count("acknowledged") == 1
