"""The operators' pages in a real browser: in nobody's way at any width, and a court is designated by the keyboard."""

from typing import Literal

from playwright.async_api import expect

from tests.services.query.portal.chromium import a_window, needs_chromium
from tests.services.query.portal.morning import a_morning
from tests.services.query.portal.people import OPERATOR, Portal
from tests.services.query.portal.test_browser import sign_in

pytestmark = needs_chromium


async def test_no_page_of_operations_is_in_anybodys_way_and_the_keyboard_is_enough(portal: Portal) -> None:
    morning = await a_morning(portal)
    (letter,) = (await portal.world.services["query"].rows("SELECT id FROM dead_letters"))[0]
    paths = ["", "/dead-letters", "/dead-letters/query", f"/dead-letters/query/{letter}", "/positions", "/deliveries"]
    paths += ["/unroutable", f"/unroutable/{morning.unroutable}"]
    async with a_window() as window:
        page, press, write = window.page, window.page.keyboard.press, window.page.keyboard.type
        await sign_in(window, portal, OPERATOR)
        looks: list[tuple[Literal["light", "dark"], int]] = [("light", 1440), ("dark", 360)]
        for scheme, width in looks:
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size({"width": width, "height": 900})
            for path in paths:
                await page.goto(f"{portal.url}/operations{path}")
                for summary in await page.locator(".act > summary").all():
                    await summary.click()
                assert await window.violations() == [], path
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path

        await page.goto(portal.url)
        await window.tab_to("Exploitation")
        await press("Enter")
        await expect(page.get_by_role("heading", name="Exploitation", exact=True)).to_be_visible()
        await window.tab_to("1 à orienter")
        await press("Enter")
        await expect(page.get_by_role("heading", name="Procédures à orienter", exact=True)).to_be_visible()
        await window.tab_to("MER-1")
        await press("Enter")
        await expect(page.get_by_role("heading", name="Désigner un tribunal", exact=True)).to_be_visible()
        await window.tab_to("Tribunal")
        await write("Bordeaux")
        await expect(page.locator("datalist option[value^='tj33063 Tribunal']")).to_be_attached()
        await window.tab_to("Motif")
        await write("Accord des parquets.")
        await window.tab_to("Désigner ce tribunal")
        await press("Enter")
        # The words are not a code: the choice is said there, and the code is typed over them.
        await expect(page.locator("#tribunal")).to_be_focused()
        await press("Control+a")
        await write("tj33063")
        await press("Enter")
        await expect(page.locator("#said")).to_be_focused()
        await expect(page.get_by_text("Le tribunal est désigné")).to_be_visible()
    assert window.complaints == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]
    assert window.origins == {portal.url, portal.issuer.url}
