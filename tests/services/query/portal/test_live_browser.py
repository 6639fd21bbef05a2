"""In a real browser: pages go on by themselves, and take nothing from whoever reads or writes on them."""

from datetime import timedelta

from playwright.async_api import expect

from chassis.clock import utc_now
from tests.services.query.portal.chromium import a_window, needs_chromium
from tests.services.query.portal.people import CLERK, Portal
from tests.services.query.portal.test_browser import sign_in
from tests.services.query.portal.test_live import a_reply

pytestmark = needs_chromium
# The streams that a page opens, each in its turn.
STREAMS_KEPT = """
window.streams = [];
window.EventSource = class extends EventSource {
  constructor(...given) { super(...given); streams.push(this); }
};
"""
# What the page says, each in its turn.
NOTICES_KEPT = """
window.notices = [];
new MutationObserver(() => notices.push(notice.textContent)).observe(notice, { childList: true });
"""


async def test_a_page_shows_what_is_said_meanwhile_and_leaves_a_form_alone(live_portal: Portal) -> None:
    one = await live_portal.submitted()
    async with a_window(viewport={"width": 1440, "height": 900}) as window:
        page = window.page
        await sign_in(window, live_portal, CLERK)
        await page.goto(f"{live_portal.url}/procedures/{one}")
        await page.locator("#act-registered summary").click()
        await page.locator("#registered-parquet_number").fill("263")
        await a_reply(live_portal, one, fact="acknowledged", text="Bien reçu.")
        await expect(page.locator("#state")).to_contain_text("Prise en charge")
        await expect(page.locator("#entries")).to_contain_text("Message du tribunal Bien reçu.")
        await expect(page.get_by_role("status").filter(has_text="Nouveau : ")).to_be_visible()
        await expect(page.locator("#registered-parquet_number")).to_be_focused()
        await expect(page.locator("#registered-parquet_number")).to_have_value("263")
        await expect(page.get_by_text("Ce formulaire n’est plus à jour")).to_be_visible()
        assert await window.violations() == []
        # What nobody is in is renewed; what was said once is shown once.
        await page.locator("#act-registered summary").click()
        await page.locator("#notice button").click()
        await a_reply(live_portal, one, fact="registered", parquet_number="26300000042")
        await expect(page.locator("#act-decided")).to_be_visible()
        await expect(page.locator("#act-acknowledged")).to_have_count(0)
        assert await page.locator("#entries .new-mark").count() == 2
        assert window.complaints == []
        assert window.origins == {live_portal.url, live_portal.issuer.url}


async def test_lists_count_what_is_new_and_stand_still(live_portal: Portal) -> None:
    await live_portal.submitted(reference="A-1")
    async with a_window(viewport={"width": 360, "height": 700}) as window:
        page = window.page
        await sign_in(window, live_portal, CLERK)
        await page.goto(f"{live_portal.url}/inbox")
        row = page.get_by_role("link", name="A-1")
        before = await row.bounding_box()
        await live_portal.submitted(reference="B-2")
        await live_portal.submitted(reference="C-3")
        notice = page.locator("#notice")
        await expect(notice).to_contain_text("2 nouvelles procédures – Actualiser")
        assert await row.bounding_box() == before
        assert await window.violations() == []
        await notice.get_by_role("link", name="Actualiser").click()
        await expect(page.get_by_role("link", name="C-3")).to_be_visible()
        await expect(notice).to_be_empty()
        assert window.complaints == []


async def test_a_short_absence_does_not_make_a_list_s_later_streams_begin_anew(live_portal: Portal) -> None:
    async with a_window() as window:
        page = window.page
        await page.add_init_script(STREAMS_KEPT)
        await sign_in(window, live_portal, CLERK)
        await page.goto(f"{live_portal.url}/inbox")
        await page.evaluate(NOTICES_KEPT)
        await page.evaluate("dispatchEvent(new Event('pagehide')); dispatchEvent(new Event('pageshow'))")
        # As after a quarter of an hour of reading, when the service ends what has lasted.
        await page.clock.set_fixed_time(utc_now() + timedelta(minutes=16))
        async with page.expect_response(lambda one: "/stream?" in one.url):
            await page.evaluate("streams.at(-1).dispatchEvent(new Event('error'))")
        await live_portal.submitted(reference="B-2")
        await expect(page.locator("#notice")).to_contain_text("1 nouvelle procédure")
        assert [one for one in await page.evaluate("notices") if "nouvelle procédure" not in one] == []
        assert window.complaints == []


async def test_a_page_that_is_left_follows_nothing_and_one_whose_session_ended_says_so(live_portal: Portal) -> None:
    streams = live_portal.world.services["query"].running
    one = await live_portal.submitted()
    async with a_window() as window:
        page = window.page
        await sign_in(window, live_portal, CLERK)
        await page.goto(f"{live_portal.url}/procedures/{one}")
        async with streams.engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM portal_sessions")
        # As when somebody comes back to it.
        await page.evaluate("dispatchEvent(new Event('pagehide')); dispatchEvent(new Event('pageshow'))")
        await expect(page.locator("#notice")).to_contain_text("Votre session est terminée")
        assert window.complaints == []
