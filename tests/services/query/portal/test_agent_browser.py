"""An agent in a real browser: the keyboard is enough, so is HTML; files come with their progress, or say why not."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.services.query.portal.chromium import Window, a_window, needs_chromium
from tests.services.query.portal.filling import FACTS, PERSONS
from tests.services.query.portal.people import AGENT, Portal
from tests.services.query.portal.test_browser import sign_in
from tests.services.query.portal.test_drafts import end_sessions

pytestmark = needs_chromium
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


async def fill(page: Page, values: dict[str, str]) -> None:
    """A step's fields, by their names."""
    for name, value in values.items():
        field = page.locator(f"[name='{name}']")
        if await field.evaluate("(one) => one.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)


async def to_documents(window: Window, portal: Portal) -> None:
    """As far as the step of the files."""
    page = window.page
    await sign_in(window, portal, AGENT)
    await page.goto(f"{portal.url}/submit")
    for values in (FACTS, {}, PERSONS):
        await fill(page, values)
        await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_text("Étape 4 sur 5")).to_be_visible()


def files(folder: Path, **named: bytes) -> list[Path]:
    """Files of these contents, by the names before `.pdf`."""
    paths = [folder / f"{name}.pdf" for name in named]
    for path, content in zip(paths, named.values(), strict=True):
        path.write_bytes(content)
    return paths


async def test_an_agent_submits_by_the_keyboard_alone(portal: Portal) -> None:
    async with a_window() as window:
        page, press, write = window.page, window.page.keyboard.press, window.page.keyboard.type
        await sign_in(window, portal, AGENT)
        await window.tab_to("Transmettre une procédure")
        await press("Enter")
        await expect(page.get_by_text("Étape 1 sur 5")).to_be_visible()
        await window.tab_to("Votre référence")
        await write("DREAL33-2026-9")
        await window.tab_to("Nature")
        await write("Signalement")
        await window.tab_to("Exposé des faits")
        await write("Rejet de produits.")
        await window.tab_to("Rattachement")
        await write("Lieu des faits")
        await window.tab_to("Commune")
        await write("Bordea")
        await expect(page.locator("datalist option[value^='33063 Bordeaux']")).to_be_attached()
        await write("ux")
        await press("Enter")
        # The words are not a code: the choice is said there, and the code is typed over them.
        await expect(page.locator("[id='places/0/commune']")).to_be_focused()
        assert await window.violations() == []
        await press("Control+a")
        await write("33063")
        await window.tab_to("Ajouter un lieu")
        await press("Enter")
        await expect(page.locator("[id='places/1/text']")).to_be_attached()
        # The keyboard goes on in the new row, whose button it comes to first.
        await window.tab_to("Retirer")
        await press("Enter")
        await expect(page.locator("[id='places/1/text']")).not_to_be_attached()
        await expect(page.locator("[id='places/0/commune']")).to_have_value("33063")
        for step in ("Étape 2 sur 5", "Étape 3 sur 5", "Étape 4 sur 5"):
            await window.tab_to("Continuer")
            await press("Enter")
            await expect(page.get_by_text(step)).to_be_visible()
            assert await window.violations() == [], step
        await window.tab_to("Continuer")
        await press("Enter")
        await expect(page.get_by_text("Tribunal judiciaire de Bordeaux", exact=True)).to_be_visible()
        assert await window.violations() == []
        await window.tab_to("Transmettre au parquet")
        await press("Enter")
        await expect(page.locator("#said")).to_be_focused()
        await expect(page.get_by_text("La procédure est transmise.")).to_be_visible()
        assert [one for one in window.complaints if "400" not in one] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_files_come_with_their_progress_and_what_fails_can_be_sent_again(
    portal: Portal, tmp_path: Path, scheme: str
) -> None:
    large, small, other = files(tmp_path, large=PDF + bytes(4 * 2**20), small=PDF, other=b"MZ" + bytes(99))
    async with a_window(viewport={"width": 360, "height": 800}, color_scheme=scheme) as window:
        page = window.page
        await to_documents(window, portal)
        here = page.url
        await page.goto(f"{portal.url}/submit")
        await expect(page.get_by_role("heading", name="Mes brouillons")).to_be_visible()
        assert await window.violations() == []
        await page.goto(here)
        cut = 0

        async def cut_once(route: Route) -> None:
            nonlocal cut
            cut += 1
            await (route.abort("connectionreset") if cut == 1 else route.continue_())

        await page.route(re.compile("/document$"), cut_once)
        await page.locator("#file").set_input_files(small)
        await expect(page.get_by_text("La connexion a été coupée.")).to_be_visible()
        assert await window.violations() == []
        await page.get_by_role("button", name="Réessayer").click()
        await expect(page.locator("#attached form")).to_have_count(1)
        await page.unroute(re.compile("/document$"))
        shown: list[float] = []

        def show(value: float) -> None:
            shown.append(value)

        await page.expose_function("shown", show)
        await page.evaluate(
            "() => new MutationObserver(() => {"
            " const one = document.querySelector('progress'); if (one) shown(one.value); })"
            ".observe(document.getElementById('attached'), {childList: true, subtree: true, characterData: true})"
        )
        await page.locator("#file").set_input_files([large, other])
        await expect(page.locator("#attached form")).to_have_count(3)
        assert max(shown) > 0
        # What the content is not is said at once.
        await expect(page.get_by_text("alors que application/pdf était annoncé")).to_be_visible()
        assert await window.violations() == []
        await page.get_by_role("button", name="Retirer small.pdf").click()
        await expect(page.locator("#attached li")).to_have_count(2)
        await page.get_by_role("button", name="Continuer").click()
        await expect(page.get_by_text("large.pdf")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        await page.get_by_role("button", name="Transmettre au parquet").click()
        await expect(page.get_by_role("link", name="large.pdf")).to_be_visible()


async def test_a_file_that_is_too_large_is_not_sent_and_what_the_service_refuses_is_said(
    portal: Portal, tmp_path: Path
) -> None:
    (small,) = files(tmp_path, small=PDF)
    async with a_window() as window:
        page = window.page
        await to_documents(window, portal)
        await page.evaluate("document.querySelector('.drop').dataset.largest = '10'")
        await page.locator("#file").set_input_files(small)
        await expect(page.get_by_text("Cette pièce dépasse 1 Gio")).to_be_visible()
        await page.evaluate("document.querySelector('.drop').dataset.largest = '9999'")
        problem = {"detail": "Le corps de la requête est trop volumineux."}
        await page.route(re.compile("/document$"), lambda route: route.fulfill(status=413, json=problem))
        await page.locator("#file").set_input_files(small)
        await expect(page.get_by_text(problem["detail"])).to_be_visible()
        await page.get_by_role("button", name="Retirer small.pdf").first.click()
        await expect(page.locator("#attached li")).to_have_count(1)


async def held_back(page: Page, script: str) -> asyncio.Event:
    """The script comes once the event is set, as over a bad line."""
    goes_on = asyncio.Event()

    async def late(route: Route) -> None:
        await goes_on.wait()
        await route.continue_()

    await page.route(re.compile(rf"/{script}$"), late)
    return goes_on


async def test_a_file_chosen_before_the_script_is_there_is_sent_when_it_is(portal: Portal, tmp_path: Path) -> None:
    (small,) = files(tmp_path, small=PDF)
    async with a_window() as window:
        page = window.page
        goes_on = await held_back(page, "uploads.js")
        await to_documents(window, portal)
        await page.locator("#file").set_input_files(small)
        goes_on.set()
        await expect(page.locator("#attached form")).to_have_count(1)
        assert window.complaints == []


async def test_what_is_typed_before_the_script_is_there_is_proposed_for_and_keeps_the_focus(portal: Portal) -> None:
    async with a_window() as window:
        page = window.page
        await sign_in(window, portal, AGENT)
        await page.goto(f"{portal.url}/submit")
        goes_on = await held_back(page, "portal.js")
        # Words are no code: the page says so, and the reader would begin there.
        await fill(page, FACTS | {"places/0/commune": "Bordeaux"})
        await page.get_by_role("button", name="Continuer").click()
        await expect(page.locator("[aria-invalid=true]").first).to_be_visible()
        commune = page.locator("[id='places/0/commune']")
        await commune.fill("Bordea")
        goes_on.set()
        await expect(page.locator("datalist option[value^='33063 Bordeaux']")).to_be_attached()
        await expect(commune).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_is_sent_and_not_shown_yet_is_said_to_whoever_sent_it(portal: Portal, scheme: str) -> None:
    async with a_window(viewport={"width": 360, "height": 800}, color_scheme=scheme) as window:
        page = window.page
        await to_documents(window, portal)
        await page.get_by_role("button", name="Continuer").click()
        portal.world.held.add("query")
        await page.get_by_role("button", name="Transmettre au parquet").click()
        await expect(page.locator("#said")).to_be_focused()
        assert await window.violations() == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        await page.get_by_role("link", name="Voir la procédure").click()
        await expect(page.get_by_text("le suivi la montrera dans un moment")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
async def test_whoever_signs_in_again_in_another_tab_loads_the_page_again_and_has_the_form_back(
    portal: Portal, scheme: str, width: int
) -> None:
    async with a_window(viewport={"width": width, "height": 800}, color_scheme=scheme) as window:
        page = window.page
        await sign_in(window, portal, AGENT)
        await page.goto(f"{portal.url}/submit")
        long = {"facts/summary": "Rejet de produits dans la Garonne, vu du quai. " * 9}
        await fill(page, FACTS | long)
        await end_sessions(portal)
        await page.get_by_role("button", name="Continuer").click()
        await expect(page.get_by_label("Les faits : Exposé des faits")).to_have_value(long["facts/summary"].strip())
        assert await window.violations() == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        async with page.expect_popup() as opened:
            await page.get_by_role("link", name="Se reconnecter").click()
        other = await opened.value
        await other.get_by_label("Votre organisation").fill(AGENT)
        await other.keyboard.press("Enter")
        await other.wait_for_url(f"{portal.url}/submit")
        await page.reload()
        await expect(page.locator("#said")).to_contain_text("rien n’a été fait")
        await expect(page.locator("[name='facts/summary']")).to_have_value(long["facts/summary"].strip())
        assert await window.violations() == []
        await page.get_by_role("button", name="Enregistrer le brouillon").click()
        await expect(page.get_by_text("Le brouillon est enregistré.")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
async def test_what_was_refused_and_what_is_warned_of_are_in_nobodys_way(
    portal: Portal, scheme: str, width: int
) -> None:
    await portal.submitted(natinf=["7"])
    async with a_window(viewport={"width": width, "height": 800}, color_scheme=scheme) as window:
        page, proceed = window.page, window.page.get_by_role("button", name="Continuer")

        async def in_nobodys_way() -> None:
            assert await window.violations() == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width

        await sign_in(window, portal, AGENT)
        await page.goto(f"{portal.url}/submit")
        for values in (FACTS | {"facts/to": "2021-03-31"}, {"natinf/0": "00007"}, PERSONS):
            await fill(page, values)
            await proceed.click()
        await expect(page.get_by_text("Étape 4 sur 5")).to_be_visible()
        # As where no script runs.
        await page.evaluate(
            "(name) => { const files = new DataTransfer(); files.items.add(new File(['x'], name));"
            " document.getElementById('file').files = files.files; document.querySelector('.uploads').submit() }",
            "x" * 5000,
        )
        await expect(page.get_by_role("heading", name="Des pièces n’ont pas été jointes")).to_be_visible()
        await in_nobodys_way()
        await page.get_by_role("link", name="Revenir aux pièces").click()
        await proceed.click()
        await expect(page.get_by_role("heading", name="Ces faits ont peut-être déjà été transmis")).to_be_visible()
        await in_nobodys_way()
        await page.goto(f"{portal.url}/submit")
        await fill(page, {"reference": "VIDE-1"})
        await page.get_by_role("button", name="Enregistrer le brouillon").click()
        await page.wait_for_url(re.compile("/submit/.+/facts"))
        await page.goto(re.sub("/facts.*", "/recap", page.url))
        await expect(page.get_by_text("Avant l’envoi, corrigez ce qui suit.")).to_be_visible()
        await in_nobodys_way()


async def test_an_agent_needs_no_script_and_finds_the_draft_again(portal: Portal, tmp_path: Path) -> None:
    paths = files(tmp_path, one=PDF, two=PDF + bytes(3 * 2**20))
    async with a_window(java_script_enabled=False) as window:
        await to_documents(window, portal)
        await window.page.locator("#file").set_input_files(paths)
        await window.page.get_by_role("button", name="Joindre").click()
        await expect(window.page.get_by_text("two.pdf").first).to_be_visible()
    async with a_window(java_script_enabled=False) as window:
        page = window.page
        await sign_in(window, portal, AGENT)
        await page.goto(f"{portal.url}/submit")
        await page.get_by_role("link", name=FACTS["reference"]).click()
        await expect(page.locator("[name='facts/summary']")).to_have_value(FACTS["facts/summary"])
        for _ in range(4):
            await page.get_by_role("button", name="Continuer").click()
        await page.get_by_role("button", name="Transmettre au parquet").click()
        await expect(page.get_by_role("link", name="two.pdf")).to_be_visible()
        await page.get_by_text("Ajouter un complément").click()
        await page.locator("#file").set_input_files(paths[:1])
        await page.get_by_role("button", name="Transmettre le complément").click()
        await expect(page.get_by_text("Le complément est transmis.")).to_be_visible()
        await expect(page.get_by_text("Pièces seules.")).to_be_visible()
