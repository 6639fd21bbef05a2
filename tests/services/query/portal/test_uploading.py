"""Files on their way through the portal: whose they are, what they are, and that none of them rests there."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.processes import until
from tests.services.intake.test_batch_memory import resident, resident_from_now
from tests.services.query.portal.filling import draft_of, filled
from tests.services.query.portal.people import AGENT, CLERK, Browser, Page, Portal

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
MIB = 2**20
PIECE = bytes(2**16)


def told(browser: Browser, page: Page) -> dict[str, str]:
    """What the page's script says with a file."""
    csrf = page.form("/documents")["fields"]["csrf"]
    named = {"X-CSRF-Token": csrf, "X-File-Name": "proc%C3%A8s-verbal.pdf", "Content-Type": "application/pdf"}
    return browser.origin | named


async def at_documents(browser: Browser) -> tuple[Page, str]:
    page = await filled(browser, "documents")
    return page, f"/uploads/drafts/{draft_of(page)}"


async def test_a_file_of_the_script_is_in_the_draft_and_in_what_is_sent(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page, path = await at_documents(browser)
        answer = await browser.http.post(f"{path}/document", content=PDF, headers=told(browser, page))
        assert answer.status_code == 201, answer.text
        assert "procès-verbal.pdf" in answer.text
        confirm = await browser.open(f"/submit/{draft_of(page)}/recap")
        assert "procès-verbal.pdf" in confirm.text
        sent = await browser.send(confirm, "/send")
    assert "procès-verbal.pdf application/pdf" in sent.text


async def test_a_plain_form_brings_several_files_and_says_which_was_refused(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page, path = await at_documents(browser)
        fields = page.form(path)["fields"]
        files: list[tuple[str, Any]] = [
            *((name, (None, value)) for name, value in fields.items()),
            ("file", ("", b"", "application/octet-stream")),
            ("file", ("un.pdf", PDF, "application/pdf")),
            ("file", ("x" * 5000, PDF, "application/pdf")),
            ("file", ("photo.jpg", b"MZ" + bytes(5 * MIB), "image/jpeg")),
        ]
        after = Page(await browser.http.post(path, files=files, headers=browser.origin))
        shown = await browser.open(f"/submit/{draft_of(page)}/documents")
    assert after.answer.status_code in (303, 400)
    assert "un.pdf application/pdf" in shown.text
    assert "photo.jpg application/" in shown.text
    assert "alors que image/jpeg était annoncé" in shown.text


@pytest.mark.parametrize("spoiled", ["x-csrf-token", "origin"])
async def test_what_another_page_sends_goes_no_further(portal: Portal, spoiled: str) -> None:
    async with portal.browser(AGENT) as browser:
        page, path = await at_documents(browser)
        headers = httpx.Headers(told(browser, page))
        headers[spoiled] = "https://elsewhere.example"
        answer = await browser.http.post(f"{path}/document", content=PDF, headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        files = {"file": ("un.pdf", PDF)}
        assert (await browser.http.post(path, files=files, headers=browser.origin)).status_code == 403
        assert "un.pdf" not in (await browser.open(f"/submit/{draft_of(page)}/documents")).text
    async with portal.world.services["intake"].running.engine.connect() as connection:
        assert (await connection.exec_driver_sql("SELECT count(*) FROM documents")).scalar() == 0


async def test_only_agents_bring_files_and_only_to_their_own_drafts(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        _, path = await at_documents(browser)
    async with portal.browser(CLERK) as browser:
        csrf = (await browser.open("/")).form("/sign-out")["fields"]["csrf"]
        headers = browser.origin | {"X-CSRF-Token": csrf}
        for where in (f"{path}/document", "/uploads/document"):
            assert (await browser.http.post(where, content=PDF, headers=headers)).status_code == 403
    async with portal.browser() as browser:
        answer = await browser.http.post("/uploads/document", content=PDF, headers=browser.origin)
        assert answer.status_code == 401
    other = "DREAL Nouvelle-Aquitaine, direction de Bordeaux (administration:dreal-33), responsable"
    async with portal.browser(other) as browser:
        csrf = (await browser.open("/")).form("/sign-out")["fields"]["csrf"]
        headers = browser.origin | {"X-CSRF-Token": csrf}
        assert (await browser.http.post(f"{path}/document", content=PDF, headers=headers)).status_code == 404


async def test_what_is_too_large_is_said_before_it_comes(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page, path = await at_documents(browser)
        length = {"Content-Length": str(2**30 + 1)}
        asked = browser.http.build_request("POST", f"{path}/document", headers=told(browser, page) | length)
    head = b"".join(b"%s: %s\r\n" % one for one in asked.headers.raw)
    reader, writer = await asyncio.open_connection(asked.url.host, asked.url.port)
    writer.write(b"POST %s HTTP/1.1\r\n%s\r\n" % (asked.url.raw_path, head))
    answer = await reader.readuntil(b"}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert "Cette pièce dépasse 1 Gio" in answer.decode()


@pytest.mark.parametrize("plain", [False, True])
async def test_a_long_file_is_passed_on_as_it_comes(portal: Portal, plain: bool) -> None:
    async with portal.browser(AGENT) as browser:
        page, path = await at_documents(browser)
        headers = told(browser, page)
        if plain:
            csrf = f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{headers["X-CSRF-Token"]}\r\n'
            begin = f'{csrf}--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'.encode()
            end = b"\r\n--b--\r\n"
            headers |= {"Content-Type": "multipart/form-data; boundary=b"}
        else:
            path, begin, end = f"{path}/document", b"", b""

        async def content(size: int) -> AsyncIterator[bytes]:
            yield begin
            for _ in range(size // len(PIECE)):
                yield PIECE
            yield end

        await browser.http.post(path, content=content(4 * MIB), headers=headers)
        gc.collect()
        before = resident_from_now()
        answer = await browser.http.post(path, content=content(64 * MIB), headers=headers)
        # The client, the portal and intake are this one process; intake has a few mebibytes in hand.
        assert resident("VmHWM") - before < 24 * MIB
        assert answer.status_code == (303 if plain else 201)
        assert "67,1 Mo" in (await browser.open(f"/submit/{draft_of(page)}/documents")).text


@pytest.mark.parametrize(("many", "named"), [(1, False), (2, False), (60, False), (2, True)])
async def test_the_words_of_a_form_are_bounded_together_and_files_are_not(
    portal: Portal, many: int, named: bool
) -> None:
    words = "x" * (600 * 1024)
    async with portal.browser(AGENT) as browser:
        page, path = await at_documents(browser)
        csrf = told(browser, page)["X-CSRF-Token"]

        async def content() -> AsyncIterator[bytes]:
            for number in range(many):
                name, value = (f"{words}{number}", "") if named else (f"text{number}", words)
                yield f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            yield f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n'.encode()
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
            yield bytes(3 * MIB)
            yield b"\r\n--b--\r\n"

        headers = browser.origin | {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await browser.http.post(path, content=content(), headers=headers)
    assert answer.status_code == (303 if many == 1 else 413)
    if many > 1:
        assert "Les textes de ce formulaire dépassent 1024 Kio, pièces non comprises." in answer.text


async def test_what_stands_where_no_file_was_chosen_is_not_held(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page, path = await at_documents(browser)
        csrf = told(browser, page)["X-CSRF-Token"]

        async def content() -> AsyncIterator[bytes]:
            yield f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n'.encode()
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n'
            for _ in range(64 * MIB // len(PIECE)):
                yield PIECE
            yield b"\r\n--b--\r\n"

        headers = browser.origin | {"Content-Type": "multipart/form-data; boundary=b"}
        gc.collect()
        before = resident_from_now()
        answer = await browser.http.post(path, content=content(), headers=headers)
    assert resident("VmHWM") - before < 24 * MIB
    assert answer.status_code == 303


async def test_of_a_file_that_is_cut_nothing_is_kept(portal: Portal) -> None:
    async with portal.browser(AGENT) as browser:
        page, path = await at_documents(browser)

        async def content() -> AsyncIterator[bytes]:
            yield PIECE
            raise ConnectionAbortedError

        with pytest.raises(ConnectionAbortedError):
            await browser.http.post(f"{path}/document", content=content(), headers=told(browser, page))

        async def nothing() -> bool:
            async with portal.world.services["intake"].running.engine.connect() as connection:
                found = await connection.exec_driver_sql("SELECT count(*) FROM documents")
                return found.scalar() == 0

        await until(nothing, what="nothing kept")
        assert "Aucune pièce pour l’instant" in (await browser.open(f"/submit/{draft_of(page)}/documents")).text
