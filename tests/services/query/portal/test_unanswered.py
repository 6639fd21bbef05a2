"""A service that does not answer: what was typed stays on the page under its key, and done again it is done once."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI

from tests.services.query.portal.morning import a_procedure_at_sea
from tests.services.query.portal.people import AGENT, CLERK, OPERATOR, Page, Portal, down
from tests.services.query.portal.test_uploading import PDF

Call = Callable[..., Awaitable[Any]]
AGAIN = "ne répond pas : recommencez, rien ne sera fait deux fois."


def app_of(portal: Portal, name: str) -> FastAPI:
    return portal.world.services[name].running.app


def deaf(portal: Portal, name: str, method: str = "POST") -> Call:
    """The service does what it is told, and its answer is lost."""
    stack = app_of(portal, name).build_middleware_stack()

    async def answer_lost(scope: Any, receive: Any, send: Any) -> None:
        async def nowhere(_: object) -> None:
            pass

        if scope.get("method") != method:
            await stack(scope, receive, send)
            return
        await stack(scope, receive, nowhere)
        await down()

    return answer_lost


def key_of(page: Page, action: str) -> str:
    return str(page.form(action)["fields"]["key"])


@pytest.mark.parametrize("both", [False, True])
async def test_a_reply_that_routing_did_not_hear_is_shown_again_under_its_key(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, both: bool
) -> None:
    one = await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open(f"/procedures/{one}")
        page = await browser.send(page, "/reply/registered", parquet_number="26300000042")
        for name in ("routing", "intake")[: 1 + both]:
            monkeypatch.setattr(app_of(portal, name), "middleware_stack", down)
        typed = {"orientation": "dismissal", "ground": "regularised", "text": "Mis en conformité en mai."}
        told = await browser.send(page, "/reply/decided", **typed)
        assert told.answer.status_code == 503
        assert f"Le service d’orientation {AGAIN}" in told.text
        assert "Mis en conformité en mai." in told.text
        assert re.search('value="dismissal" selected', told.html)
        assert key_of(told, "/reply/decided") == key_of(page, "/reply/decided")
        monkeypatch.undo()
        after = await browser.send(told, "/reply/decided", **typed)
        assert "La décision est enregistrée." in after.text
        assert "Mis en conformité en mai." in after.text
    assert (await portal.facts(one)).count("decided") == 1


@pytest.mark.parametrize("heard", [False, True])
async def test_a_supplement_that_intake_did_not_answer_is_shown_again_and_is_one(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    one = await portal.submitted()
    async with portal.browser(AGENT) as browser:
        page = await browser.open(f"/procedures/{one}")
        lost = deaf(portal, "intake") if heard else down
        monkeypatch.setattr(app_of(portal, "intake"), "middleware_stack", lost)
        told = await browser.send(page, "/supplement", text="Un témoin s’est présenté.")
        assert told.answer.status_code == 503
        assert f"Le service des dossiers {AGAIN}" in told.text
        assert "Un témoin s’est présenté.</textarea>" in told.html
        assert key_of(told, "/supplement") == key_of(page, "/supplement")
        monkeypatch.undo()
        after = await browser.send(told, "/supplement", text="Un témoin s’est présenté.")
        assert "Le complément est transmis." in after.text
    assert (await portal.facts(one)).count("supplemented") == 1


async def test_a_supplement_keeps_its_documents_while_intake_is_down_and_names_those_that_were_not_taken(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await portal.submitted()
    async with portal.browser(AGENT) as browser:
        page = await browser.open(f"/procedures/{one}")
        form, typed = page.form("/supplement"), {"text": "Deux pièces."}
        files: list[tuple[str, Any]] = [(name, (None, value)) for name, value in (form["fields"] | typed).items()]
        files += [("file", ("un.pdf", PDF, "application/pdf")), ("file", ("x" * 5000, PDF, "application/pdf"))]
        refused = Page(await browser.http.post(form["action"], files=files, headers=browser.origin))
        assert refused.answer.status_code == 400
        (kept,) = [str(given["value"]) for _, given in refused.elements if given.get("name") == "document"]
        monkeypatch.setattr(app_of(portal, "intake"), "middleware_stack", down)
        two = ("deux.pdf", PDF * 9000, "application/pdf")
        for file, status, said in ((two, 400, "deux.pdf : Le service des dossiers ne répond pas"), ("", 503, AGAIN)):
            told = await browser.send(refused, "/supplement", **typed, document=kept, file=file)
            assert (told.answer.status_code, said in told.text) == (status, True)
            assert "Deux pièces.</textarea>" in told.html
            assert kept in [given.get("value") for _, given in told.elements if given.get("name") == "document"]
            assert key_of(told, "/supplement") == key_of(page, "/supplement")
        monkeypatch.undo()
        after = await browser.send(told, "/supplement", **typed, document=kept)
        assert "un.pdf application/pdf" in after.text
    assert (await portal.facts(one)).count("supplemented") == 1


async def test_a_withdrawal_that_intake_did_not_answer_is_shown_again_and_is_one(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await portal.submitted()
    async with portal.browser(AGENT) as browser:
        page = await browser.open(f"/procedures/{one}")
        monkeypatch.setattr(app_of(portal, "intake"), "middleware_stack", down)
        typed = {"reason": "duplicate", "comment": "Doublon du 12."}
        told = await browser.send(page, "/withdrawal", **typed)
        assert (told.answer.status_code, "Doublon du 12.</textarea>" in told.html) == (503, True)
        monkeypatch.undo()
        assert "La demande de retrait est transmise." in (await browser.send(told, "/withdrawal", **typed)).text
    assert (await portal.facts(one)).count("withdrawn") == 1


@pytest.mark.parametrize("heard", [False, True])
async def test_a_court_that_routing_did_not_hear_of_is_shown_again_and_is_designated_once(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    one = await a_procedure_at_sea(portal)
    typed = {"tribunal": "tj33063 Tribunal judiciaire de Bordeaux", "reason": "Accord des parquets."}
    async with portal.browser(OPERATOR) as browser:
        page = await browser.open(f"/operations/unroutable/{one}")
        monkeypatch.setattr(app_of(portal, "routing"), "middleware_stack", deaf(portal, "routing") if heard else down)
        told = await browser.send(page, f"/{one}", **typed)
        monkeypatch.undo()
        if heard:
            # What waits no longer needs nobody's words.
            assert (told.answer.status_code, "n’attend pas, ou plus" in told.text) == (404, True)
        else:
            assert (told.answer.status_code, f"Le service d’orientation {AGAIN}" in told.text) == (503, True)
            assert "Accord des parquets.</textarea>" in told.html
            assert typed["tribunal"] in told.html
            assert key_of(told, f"/{one}") == key_of(page, f"/{one}")
        after = await browser.send(page if heard else told, f"/{one}", **typed)
        assert "Le tribunal est désigné" in after.text
    await portal.reaches(one, "delivered")
    assert (await portal.facts(one)).count("routed") == 1
