"""What comes after a page was made: streams under the session's cookie, and the parts of the page that they renew."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from chassis.clock import new_id
from services.query.cursor import write_place
from services.query.feed_store import Place
from tests.services.query.listening import Heard, Listener
from tests.services.query.portal.people import AGENT, CLERK, OPERATOR, PARIS_CLERK, Browser, Page, Portal

SIGNED_OUT = "event: over\ndata: Votre session est terminée"
COURT = "tribunal:tj33063"


def stream_of(page: Page) -> str:
    """The address that a page follows, from where it stands."""
    ((_, given),) = [(tag, given) for tag, given in page.elements if "data-stream" in given]
    return f"{given['data-stream']}?after={given['data-after']}"


@asynccontextmanager
async def following(browser: Browser, address: str, last: str = "") -> AsyncIterator[Listener]:
    headers = {"Last-Event-ID": last} if last else {}
    async with browser.http.stream("GET", address, headers=headers) as answer:
        yield Listener(answer, answer.aiter_lines())


async def a_reply(portal: Portal, one: UUID, who: str = COURT, **body: str) -> None:
    answer = await portal.world.post("routing", f"/v1/procedures/{one}/replies", who, str(new_id()), body)
    assert answer.status_code == 202, answer.text


def fact_of(heard: Heard | None) -> tuple[str, str]:
    assert heard is not None
    return heard.event, heard.data.get("fact", "")


async def test_a_page_hears_what_came_after_it_was_made_and_goes_on_after_a_cut(live_portal: Portal) -> None:
    one = await live_portal.submitted()
    async with live_portal.browser(AGENT) as browser:
        pages = [stream_of(await browser.open(path)) for path in (f"/procedures/{one}", "/")]
        await a_reply(live_portal, one, fact="acknowledged")
        last = ""
        for address in pages:
            async with following(browser, address) as stream:
                heard = await stream.next()
                assert fact_of(heard) == ("fact", "acknowledged")
                last = heard.id if heard else ""
        await a_reply(live_portal, one, fact="registered", parquet_number="26300000042")
        for address in pages:
            async with following(browser, address, last) as stream:
                assert fact_of(await stream.next()) == ("fact", "registered")


async def test_a_stream_is_for_those_who_see_the_procedure(live_portal: Portal) -> None:
    one = await live_portal.submitted()
    async with live_portal.browser(PARIS_CLERK) as browser:
        for path in ("stream", "live?shown=0"):
            assert (await browser.http.get(f"/procedures/{one}/{path}")).status_code == 404


async def test_a_stream_ends_with_its_session_and_is_not_to_be_asked_for_again(live_portal: Portal) -> None:
    one = await live_portal.submitted()
    async with live_portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        async with following(browser, stream_of(page)) as stream, following(browser, "/stream") as other:
            assert fact_of(await other.next())[0] == "here"
            await browser.sent(page, "/sign-out", follow=False)
            assert (await stream.ended(), await other.ended()) == ([], [])
        for address in (stream_of(page), "/stream"):
            answer = await browser.http.get(address)
            assert (answer.headers["content-type"], answer.text.startswith(SIGNED_OUT)) == (
                "text/event-stream; charset=utf-8",
                True,
            )
        # A script may not follow to the issuer.
        parts = await browser.http.get(f"/procedures/{one}/live?shown=0", headers={"HX-Request": "true"})
        assert parts.status_code == 401


@pytest.mark.parametrize("after", [write_place(Place(7, 7)), "x"])
async def test_a_place_that_is_gone_begins_anew(live_portal: Portal, after: str) -> None:
    one = await live_portal.submitted()
    async with live_portal.browser(CLERK) as browser:
        for address in ("/stream", f"/procedures/{one}/stream"):
            async with following(browser, f"{address}?after={after}") as stream:
                assert fact_of(await stream.next())[0] == "here"


async def test_a_court_that_declined_hears_of_it_and_no_more(live_portal: Portal) -> None:
    one = await live_portal.submitted()
    async with live_portal.browser(CLERK) as browser:
        address = stream_of(await browser.open(f"/procedures/{one}"))
        await a_reply(live_portal, one, fact="declined", reason="other-territory")
        async with following(browser, address) as stream:
            assert [fact_of(heard) for heard in await stream.ended()] == [("fact", "declined")]
        after = stream_of(await browser.open(f"/procedures/{one}"))
        assert (await browser.http.get(after)).text.startswith("event: over\ndata: Votre tribunal n’est plus saisi")


async def test_the_parts_hold_what_is_new_with_the_answers_that_are_left(live_portal: Portal) -> None:
    one = await live_portal.submitted()
    async with live_portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        (shown,) = [given["value"] for _, given in page.elements if given.get("id") == "shown"]
        await a_reply(live_portal, one, fact="registered", parquet_number="26300000042", text="Bien reçu.")
        await live_portal.reaches(one, "registered")
        parts = await browser.open(f"/procedures/{one}/live?shown={shown}")
    assert parts.answer.status_code == 200
    assert parts.html.count("<li>") == 1
    assert "Nouveau Enregistrée" in parts.text
    assert "Message du tribunal Bien reçu." in parts.text
    actions = [form["action"].rsplit("/", 1)[1] for form in parts.forms]
    assert "decided" in actions
    assert "registered" not in actions
    assert ("input", f"{int(shown or 0) + 1}") in [(t, one.get("value")) for t, one in parts.elements]


async def test_messages_are_read_by_those_they_are_for(portal: Portal) -> None:
    one = await portal.submitted()
    await a_reply(portal, one, fact="acknowledged", text="Une <i>pièce</i> manque.")
    await portal.reaches(one, "acknowledged")
    for who, told in ((AGENT, True), (CLERK, True), (OPERATOR, False)):
        async with portal.browser(who) as browser:
            page = await browser.open(f"/procedures/{one}")
        assert ("Message du tribunal Une <i>pièce</i> manque." in page.text) is told
        assert "<i>pièce" not in page.html


async def test_the_page_is_whole_while_messages_cannot_be_read(portal: Portal) -> None:
    one = await portal.submitted()
    await a_reply(portal, one, fact="acknowledged", text="Bien reçu.")
    await portal.reaches(one, "acknowledged")
    async with portal.browser(AGENT) as browser:
        routing = portal.world.services["routing"].running
        async with routing.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE replies RENAME TO replies_away")
        try:
            page = await browser.open(f"/procedures/{one}")
        finally:
            async with routing.engine.begin() as connection:
                await connection.exec_driver_sql("ALTER TABLE replies_away RENAME TO replies")
    assert page.answer.status_code == 200
    assert "Les messages du tribunal n’ont pas pu être lus" in page.text
    assert "Exposé des faits" in page.text
