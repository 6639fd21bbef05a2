"""Who says something of a procedure when the session has ended finds the words again, and says them once."""

import html
from typing import Any

import pytest

from tests.services.query.portal.morning import a_procedure_at_sea
from tests.services.query.portal.people import AGENT, CLERK, OPERATOR, Page, Portal
from tests.services.query.portal.test_drafts import end_sessions, fields
from tests.services.query.portal.test_uploading import MIB, PDF

REPLY = {"orientation": "dismissal", "ground": "regularised", "text": "Mis en conformité."}
WITHDRAWAL = {"reason": "duplicate", "comment": "Doublon du 12."}
SUPPLEMENT = {"text": "Un témoin."}


@pytest.mark.parametrize(
    ("who", "action", "typed", "given_back", "fact"),
    [
        (
            CLERK,
            "/reply/decided",
            REPLY,
            {
                "Orientation": "Classement sans suite",
                "Motif du classement": "Régularisation d’office",
                "Message à l’administration": "Mis en conformité.",
            },
            "decided",
        ),
        (
            AGENT,
            "/withdrawal",
            WITHDRAWAL,
            {"Motif": "Doublon d’une autre procédure", "Précision": "Doublon du 12."},
            "withdrawn",
        ),
        (AGENT, "/supplement", SUPPLEMENT, {"Ce que vous ajoutez": "Un témoin."}, "supplemented"),
    ],
)
async def test_what_is_said_of_a_procedure_is_given_back(
    portal: Portal, who: str, action: str, typed: dict[str, str], given_back: dict[str, str], fact: str
) -> None:
    one = await portal.submitted()
    if who == CLERK:
        async with portal.browser(CLERK) as browser:
            page = await browser.open(f"/procedures/{one}")
            await browser.send(page, "/reply/registered", parquet_number="26300000042")
    async with portal.browser(who) as browser:
        page = await browser.open(f"/procedures/{one}")
        await end_sessions(portal)
        told = await browser.send(page, action, **typed)
        assert (told.answer.status_code, fields(told)) == (401, given_back)
        secrets = page.form(action)["fields"]
        assert [name for name in ("csrf", "key") if secrets[name] in told.html] == []
        signed_in = await browser.sign_in(who, link(told))
        assert signed_in.answer.url.path == f"/procedures/{one}"
        again = await browser.send(page, action, **typed)
        assert (again.answer.status_code, "rien n’a été fait" in again.text) == (403, True)
        assert next(iter(reversed(typed.values()))) in again.text
        assert again.form(action)["fields"]["key"] == secrets["key"]
        assert fact not in await portal.facts(one)
        after = await browser.send(again, action, **typed)
        assert (after.answer.status_code, "alert--success" in after.html) == (200, True)
    assert (await portal.facts(one)).count(fact) == 1


async def test_a_supplement_of_another_session_keeps_its_words_and_no_file_goes_any_further(portal: Portal) -> None:
    one = await portal.submitted()
    large: Any = ("deux.pdf", PDF + bytes(3 * MIB), "application/pdf")
    async with portal.browser(AGENT) as browser:
        page = await browser.open(f"/procedures/{one}")
        await end_sessions(portal)
        told = await browser.send(page, "/supplement", **SUPPLEMENT, file=large)
        assert (told.answer.status_code, fields(told)) == (401, {"Ce que vous ajoutez": "Un témoin."})
        await browser.sign_in(AGENT)
        again = await browser.send(page, "/supplement", **SUPPLEMENT, file=large)
        assert (again.answer.status_code, "Un témoin.</textarea>" in again.html) == (403, True)
        late = page.form("/supplement")
        late["fields"] = {"file": large, **again.form("/supplement")["fields"], **SUPPLEMENT}
        assert (await browser.sent(page, "/supplement")).status_code == 403
    assert await portal.world.services["intake"].rows("SELECT id FROM documents") == []
    assert "supplemented" not in await portal.facts(one)


async def test_an_operator_reads_what_was_typed_of_a_court(portal: Portal) -> None:
    one = await a_procedure_at_sea(portal)
    async with portal.browser(OPERATOR) as browser:
        page = await browser.open(f"/operations/unroutable/{one}")
        await end_sessions(portal)
        told = await browser.send(page, f"/{one}", tribunal="tj33063", reason="Accord des parquets.")
        assert fields(told) == {"Tribunal": "tj33063", "Motif": "Accord des parquets."}


async def test_of_a_form_that_cannot_be_read_nothing_is_given_back(portal: Portal) -> None:
    async with portal.browser() as browser:
        for path, content, media in (
            (
                "/submit/01a20d59-6c18-7686-b0a5-7600e7b99ba0/facts",
                b"reference=%ff",
                "application/x-www-form-urlencoded",
            ),
            ("/uploads/procedures/01a20d59-6c18-7686-b0a5-7600e7b99ba0/supplement", b"text=x", "text/plain"),
            (
                "/uploads/procedures/01a20d59-6c18-7686-b0a5-7600e7b99ba0/supplement",
                b"x",
                "multipart/form-data; boundary=b",
            ),
        ):
            headers = browser.origin | {"Content-Type": media}
            page = Page(await browser.http.post(path, content=content, headers=headers))
            assert (page.answer.status_code, fields(page)) == (401, {})


def link(page: Page) -> str:
    """Where a page leads to sign in."""
    found = [html.unescape(str(one["href"])) for tag, one in page.elements if tag == "a"]
    (address,) = [one for one in found if one.startswith("/sign-in")]
    return address
