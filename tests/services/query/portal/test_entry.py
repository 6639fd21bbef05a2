"""Signing in and out: proofs are checked, sessions are sealed and end, forms are our own."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from services.query.portal.pages import Files
from tests.services.query.portal.people import CLERK, Page, Portal


async def test_a_visitor_is_welcomed_and_sees_no_procedure(portal: Portal) -> None:
    await portal.submitted()
    async with portal.browser() as browser:
        page = await browser.open("/")
    assert "Se connecter" in page.text
    assert "DREAL33" not in page.html


async def test_somebody_signs_in_and_the_page_says_as_whom(portal: Portal) -> None:
    async with portal.browser() as browser:
        page = await browser.sign_in(CLERK)
        assert "Tribunal judiciaire de Bordeaux, greffe" in page.text
        (cookie,) = [one for one in browser.http.cookies.jar if one.name == "infoparquet-session"]
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"


async def test_the_request_to_the_issuer_bears_a_challenge_a_state_and_a_nonce(portal: Portal) -> None:
    async with portal.browser() as browser:
        asked = [parse_qs(urlsplit((await browser.http.get("/sign-in")).headers["location"]).query) for _ in "12"]
    for one in asked:
        assert (one["code_challenge_method"], one["response_type"], one["scope"]) == (["S256"], ["code"], ["openid"])
        assert one["redirect_uri"] == [f"{portal.url}/sign-in/callback"]
    secrets = [one[name][0] for one in asked for name in ("state", "nonce", "code_challenge")]
    assert len(set(secrets)) == 6


async def test_whoever_asked_for_a_page_comes_to_it(portal: Portal) -> None:
    one = await portal.submitted()
    async with portal.browser() as browser:
        asked = await browser.http.get(f"/procedures/{one}")
        assert asked.status_code == 303
        page = await browser.sign_in(CLERK, asked.headers["location"])
    assert page.answer.url.path == f"/procedures/{one}"
    assert "DREAL33-2026-00042" in page.text


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "/\\evil.example", "", "/\r\nA: b"])
async def test_nobody_is_sent_elsewhere(portal: Portal, elsewhere: str) -> None:
    async with portal.browser() as browser:
        asked = await browser.http.get("/sign-in", params={"next": elsewhere})
        chosen = await browser.http.post(asked.headers["location"], data={"who": CLERK})
        back = await browser.http.get(chosen.headers["location"])
    assert (back.status_code, back.headers["location"]) == (303, "/")


async def test_an_answer_that_another_browser_asked_for_signs_nobody_in(portal: Portal) -> None:
    async with portal.browser() as attacker, portal.browser() as victim:
        asked = await attacker.http.get("/sign-in")
        chosen = await attacker.http.post(asked.headers["location"], data={"who": CLERK})
        await victim.http.get("/sign-in")
        back = await victim.http.get(chosen.headers["location"])
        assert back.status_code == 400
        assert "infoparquet-session" not in victim.http.cookies


@pytest.mark.parametrize("change", [{"code": "made-up"}, {"code": ""}, {"state": "x"}, {"state": "é"}])
async def test_an_answer_that_proves_nothing_is_refused_in_words(portal: Portal, change: dict[str, str]) -> None:
    async with portal.browser() as browser:
        asked = await browser.http.get("/sign-in")
        chosen = await browser.http.post(asked.headers["location"], data={"who": CLERK})
        given = {name: values[0] for name, values in parse_qs(urlsplit(chosen.headers["location"]).query).items()}
        back = await browser.http.get("/sign-in/callback", params=given | change)
        assert (back.status_code, "Recommencez la connexion" in back.text) == (400, True)
        assert "infoparquet-session" not in browser.http.cookies


async def test_a_code_signs_in_once(portal: Portal) -> None:
    async with portal.browser() as browser:
        asked = await browser.http.get("/sign-in")
        attempt = dict(browser.http.cookies)
        chosen = await browser.http.post(asked.headers["location"], data={"who": CLERK})
        assert (await browser.http.get(chosen.headers["location"])).status_code == 303
        browser.http.cookies.clear()
        browser.http.cookies.update(attempt)
        assert (await browser.http.get(chosen.headers["location"])).status_code == 400


async def test_the_table_of_sessions_tells_neither_who_nor_how_to_come_in(portal: Portal) -> None:
    async with portal.browser(CLERK) as browser:
        secret = browser.http.cookies["infoparquet-session"]
    rows = await portal.world.services["query"].rows("SELECT id, sealed FROM portal_sessions")
    assert len(rows) == 1
    written = f"{rows[0][0]!r} {rows[0][1]}"
    assert secret not in written
    assert not re.search(r"tj33063|eyJhbGciOiJFUzI1NiI", written)


async def test_a_session_that_is_over_lets_nobody_in(portal: Portal) -> None:
    query = portal.world.services["query"]
    async with portal.browser(CLERK) as browser:
        async with query.running.engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE portal_sessions SET expires_at = '2026-11-23T12:00:00Z'")
        assert "Se connecter" in (await browser.open("/")).text
        async with portal.browser(CLERK):
            assert len(await query.rows("SELECT id FROM portal_sessions")) == 1


async def test_signing_out_ends_the_session_here_and_at_the_issuer(portal: Portal) -> None:
    async with portal.browser(CLERK) as browser:
        secret = browser.http.cookies["infoparquet-session"]
        page = await browser.open("/")
        left = await browser.sent(page, "/sign-out", follow=False)
        assert left.headers["location"].startswith(f"{portal.issuer.url}/logout?")
        after = Page(await browser.http.get(left.headers["location"], follow_redirects=True))
        assert f"{after.answer.url}".rstrip("/") == portal.url
        browser.http.cookies.set("infoparquet-session", secret)
        assert "Se connecter" in (await browser.open("/")).text


async def test_a_form_of_another_session_or_another_site_does_nothing(portal: Portal) -> None:
    async with portal.browser(CLERK) as browser, portal.browser(CLERK) as other:
        theirs, ours = (await other.open("/")).form("/sign-out"), (await browser.open("/")).form("/sign-out")
        for fields, origin in (
            (theirs["fields"], portal.url),
            ({}, portal.url),
            (ours["fields"], "https://evil.example"),
        ):
            answer = await browser.http.post("/sign-out", data=fields, headers={"Origin": origin})
            assert answer.status_code == 403
        assert "greffe" in (await browser.open("/")).text


@pytest.mark.parametrize("cookie", ["", "x", "é".encode().decode("latin-1"), "a" * 3000])
async def test_a_cookie_that_is_none_of_ours_is_nobodys(portal: Portal, cookie: str) -> None:
    headers = {"Cookie": f"infoparquet-session={cookie}"}
    async with portal.browser() as browser:
        answer = await browser.http.get("/", headers=[(k.encode(), v.encode("latin-1")) for k, v in headers.items()])
    assert "Se connecter" in answer.text


async def test_browsers_are_told_to_allow_nothing_of_another_origin_and_nothing_inline(portal: Portal) -> None:
    await portal.submitted()
    async with portal.browser(CLERK) as browser:
        page = await browser.open("/")
    policy = page.answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert page.answer.headers["cache-control"] == "no-store"
    inline = {"style", "onclick", "onload", "onsubmit"}
    assert [attributes for _, attributes in page.elements if inline & attributes.keys()] == []
    assert all("src" in attributes for tag, attributes in page.elements if tag in ("script", "img"))
    assert "style" not in {tag for tag, _ in page.elements}


async def test_what_pages_name_is_served_once_and_small(portal: Portal) -> None:
    async with portal.browser() as browser:
        page = await browser.open("/")
        named = [one.get("src") or one.get("href") for tag, one in page.elements if tag in ("script", "link")]
        for name in named:
            answer = await browser.http.get(str(name), headers={"Accept-Encoding": "gzip"})
            assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
            assert "immutable" in answer.headers["cache-control"]
        assert f"/static/{Files().version}/portal.css" in named
        for name in ("/static/x/pages.py", "/static/x/..%2Fpages.py", "/static/x/", "/static/x/dsfr/cgu.md"):
            assert (await browser.http.get(name)).status_code == 404
        assert (await browser.http.get("/static/other/portal.css")).headers["cache-control"] == "no-store"


async def test_the_design_system_names_no_other_file(portal: Portal) -> None:
    async with portal.browser() as browser:
        for name in ("dsfr/dsfr.css", "dsfr/dark.css", "portal.css"):
            css = (await browser.http.get(f"/static/x/{name}")).text
            assert re.findall(r"""url\((?!["']?data:)[^)]*\)|@import|@font-face""", css) == []
