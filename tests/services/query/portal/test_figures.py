"""The figures as a page: what the interface answers, charts with a table beside, files under the session."""

import csv
import html
import io
import json
import re

import pyarrow.parquet
from playwright.async_api import expect

from services.query.portal import amounts, sessions
from services.query.portal.signing_in import Tokens
from tests.builders import NOON
from tests.services.query.portal.chromium import a_window, needs_chromium
from tests.services.query.portal.people import CLERK, OPERATOR, PARIS_CLERK, Browser, Page, Portal
from tests.services.query.portal.test_browser import sign_in

MANAGER = "DREAL Nouvelle-Aquitaine, direction de Bordeaux (administration:dreal-33), responsable"
# Eleven months of three courts and two administrations: one a day, what is old is decided, what is new waits.
FILL = """
    INSERT INTO figures (id, submitted_at, status_at, due_at, numbered_after, delivered_after, acknowledged_after,
                         decided_after, urgent, held, unroutable, withdrawal_requested, status, administration,
                         tribunal, families, declined_by)
    SELECT uuidv7(), at, at + interval '2 days', CASE WHEN n % 8 = 0 THEN at + interval '5 days' END,
           150 + n * 7 % 400, 400 + n * 13 % 900, CASE WHEN n < 320 THEN 3600000 * (n % 90 + 1) END,
           CASE WHEN n < 250 THEN 86400000 * (n::bigint % 40 + 3) END,
           n % 8 = 0, true, n % 60 = 0, false, CASE WHEN n < 250 THEN 'decided' WHEN n < 320 THEN 'acknowledged'
           ELSE 'delivered' END,
           CASE WHEN n % 3 = 0 THEN 'dgccrf-75' ELSE 'dreal-33' END,
           (ARRAY['tj33063', 'tj75056', 'tj97411'])[n % 3 + 1], (ARRAY['I', 'IJ', ''])[n % 3 + 1], NULL
    FROM generate_series(1, 330) AS n,
         LATERAL (SELECT timestamptz '2026-11-22 9:00Z' - (330 - n) * interval '1 day') AS of(at)
"""


FORMATS = ("csv", "json", "parquet")
PERIOD = {"from": "2026-01-01", "to": "2026-11-30"}
WHO = {MANAGER: "administration:dreal-33", CLERK: "tribunal:tj33063", OPERATOR: "operator"}


async def a_year(portal: Portal) -> None:
    async with portal.world.services["query"].running.engine.begin() as connection:
        await connection.exec_driver_sql(FILL)


def lines(page: Page, caption: str) -> list[list[str]]:
    """The cells of the table of that caption."""
    (table,) = [one for one in re.findall(r"<table.*?</table>", page.html, re.DOTALL) if f">{caption}<" in one]
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in table.split("<tr")[2:]]
    return [[html.unescape(plain(re.sub("<[^>]+>", "", cell))).strip() for cell in row] for row in found]


def plain(text: str) -> str:
    return re.sub(r"\s", " ", text)


async def test_tables_say_what_the_interface_answers(portal: Portal) -> None:
    await a_year(portal)
    for who, organisation in WHO.items():
        async with portal.browser(who) as browser:
            for by, words in (("tribunal", "tribunal"), ("month", "mois"), ("family", "famille d’infractions")):
                page = await browser.open("/figures", by=by, **PERIOD)
                answer = await portal.world.services["query"].get("/v1/statistics", organisation, by=by, **PERIOD)
                groups = answer.json()["groups"]
                shown = {line[0]: line[1:] for line in lines(page, f"Jusqu’à la prise en charge, par {words}")}
                volumes = {line[0]: line[1:3] for line in lines(page, f"Procédures déposées, par {words}")}
                assert len(shown) == len(groups) + 1
                for group in groups:
                    label = amounts.month(group["label"]) if by == "month" else group["label"]
                    delay = group["delays"]["acknowledged"]
                    expected = [amounts.count(delay["count"]), *map(amounts.duration, (delay["median"], delay["p90"]))]
                    assert shown[label] == [plain(one) for one in expected], label
                    assert volumes[label] == [str(group["procedures"]), str(group["urgent"])]


async def test_what_matters_is_said_in_words_and_what_waits_longest_comes_first(portal: Portal) -> None:
    await a_year(portal)
    async with portal.browser(OPERATOR) as browser:
        page = await browser.open("/figures")
    (whole,) = (await portal.world.services["query"].get("/v1/statistics")).json()["groups"]
    urgency = whole["urgency"]
    for said in (
        f"Déposées {whole['procedures']} dont {whole['urgent']} urgentes",
        f"Remise au tribunal {amounts.duration(whole['delays']['delivered']['median'])} en médiane depuis le dépôt",
        f"soit {urgency['on_time']} sur {urgency['on_time'] + urgency['late']}, prises en charge",
        f"En attente {whole['waiting']['count']} la plus ancienne depuis le 05/09/2026 à 11:00",
        "Procédures déposées du 24/11/2025 au 23/11/2026",
    ):
        assert plain(said) in page.text
    statuses = [(line[0], line[2]) for line in lines(page, "Par état")]
    assert statuses == [("Prise en charge", "05/09/2026 à 11:00"), ("Remise au tribunal", "14/11/2026 à 10:00")]
    assert len(re.findall(r'<svg class="chart" role="img"', page.html)) == 5


async def test_nothing_of_nothing_is_said_so(portal: Portal) -> None:
    async with portal.browser(MANAGER) as browser:
        page = await browser.open("/figures", by="tribunal")
        assert page.text.count("Rien à montrer sur cette période.") == 5
        assert "Rien n’attend." in page.text
        for wrong in ({"from": "2026-11-02", "to": "2026-11-01"}, {"by": "person"}, {"from": "x"}, {"q": "x"}):
            refused = await browser.open("/figures", **wrong)
            assert (refused.answer.status_code, "Revenir à l’accueil" in refused.text) == (400, True)
        long = await browser.open("/figures", **{"from": "1900-01-01", "to": "2999-12-31"})
        assert long.answer.status_code == 200


async def test_each_sees_and_takes_away_no_more_than_their_own(portal: Portal) -> None:
    await a_year(portal)
    await portal.submitted(reference="DREAL-1")
    async with portal.browser(MANAGER) as manager, portal.browser(PARIS_CLERK) as clerk:
        for path in ("/figures", "/figures.csv", "/figures.json"):
            assert "dgccrf" not in (await manager.http.get(path, params={"by": "administration"})).text
            assert "Bordeaux" not in (await clerk.http.get(path, params={"by": "tribunal"})).text
        for suffix in ("csv", "json"):
            assert "DREAL-1" in (await manager.http.get(f"/procedures.{suffix}")).text
            assert "DREAL-1" not in (await clerk.http.get(f"/procedures.{suffix}")).text


def read(suffix: str, content: bytes) -> list[str]:
    """The references in a file, by others' readers."""
    match suffix:
        case "csv":
            return [line["reference"] for line in csv.DictReader(io.StringIO(content.decode()))]
        case "json":
            return [json.loads(line)["reference"] for line in content.splitlines()]
        case _:
            return list(pyarrow.parquet.read_table(io.BytesIO(content)).column("reference").to_pylist())


async def test_files_are_the_interfaces_own_under_the_session(portal: Portal) -> None:
    await portal.submitted(reference="B-2", urgency={"reason": "danger"})
    await portal.submitted(reference="A-1")
    query = portal.world.services["query"]
    async with portal.browser(MANAGER) as browser:
        page = await browser.open("/figures")
        files = [one["href"] for tag, one in page.elements if tag == "a" and ".parquet" in (one["href"] or "")]
        assert files == ["/procedures.parquet?from=2025-11-24&to=2026-11-23"]
        for suffix in FORMATS:
            path = f"/procedures.{suffix}"
            answer = await browser.http.get(path, params=PERIOD)
            expected = await query.get(f"/v1{path}", "administration:dreal-33", **PERIOD)
            assert read(suffix, answer.content) == ["A-1", "B-2"] == read(suffix, expected.content)
            assert "content-length" not in answer.headers
            for name in ("content-type", "content-disposition"):
                assert answer.headers[name] == expected.headers[name]
            assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == (
                "no-store",
                "nosniff",
            )
            assert read(suffix, (await browser.http.get(path, params={"urgent": "true"})).content) == ["B-2"]
            assert (await browser.http.get(path, params={"status": "gone"})).status_code == 400
        table = await browser.http.get("/figures.csv", params=PERIOD | {"by": "month", "dialect": "excel"})
        assert table.headers["content-disposition"] == 'attachment; filename="chiffres-2026-01-01-2026-11-30.csv"'
        assert table.content.startswith("\ufeffgroup;label;procedures".encode())
        figures = await browser.http.get("/figures.json", params=PERIOD | {"by": "month"})
        answer = await query.get("/v1/statistics", "administration:dreal-33", by="month", **PERIOD)
        assert figures.json() == answer.json()


async def with_a_session(portal: Portal, browser: Browser, organisation: str, roles: list[str]) -> None:
    """As if the issuer had said so."""
    tokens = Tokens(portal.issuer.token(organisation, roles), "")
    async with portal.world.services["query"].running.engine.begin() as connection:
        session = await sessions.begin(connection, tokens, NOON, NOON.replace(year=2099))
    browser.http.cookies.set("infoparquet-session", session.secret)


async def test_nobody_without_a_session_or_a_role_has_figures_or_files(portal: Portal) -> None:
    names = [*(f"figures{suffix}" for suffix in ("", ".csv", ".json")), *(f"procedures.{one}" for one in FORMATS)]
    async with portal.browser() as browser:
        for name in names:
            answer = await browser.http.get(f"/{name}", params={"from": "2026-01-01"})
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/sign-in?next=%2F{name}%3Ffrom%3D2026-01-01"
        for organisation, roles in (("administration:dreal-33", ["clerk"]), ("service:intake", ["service"])):
            await with_a_session(portal, browser, organisation, roles)
            assert [(await browser.http.get(f"/{name}")).status_code for name in names] == [403] * len(names)


# Bars that are drawn outside of their chart.
OUTSIDE = """(chart) => [...chart.querySelectorAll("rect, line")].filter((one) => {
    const [a, b] = [one.getBoundingClientRect(), chart.getBoundingClientRect()];
    return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
}).length"""


@needs_chromium
async def test_figures_are_in_nobodys_way_and_are_chosen_by_the_keyboard(portal: Portal) -> None:
    await a_year(portal)
    async with a_window(viewport={"width": 1440, "height": 900}) as window:
        page, press = window.page, window.page.keyboard.press
        await sign_in(window, portal, MANAGER)
        await window.tab_to("Chiffres")
        await press("Enter")
        await expect(page.get_by_role("heading", name="Chiffres", exact=True)).to_be_visible()
        for by, width in (("tribunal", 1440), ("mois", 360)):
            await page.set_viewport_size({"width": width, "height": 900})
            await window.tab_to("Comparées par")
            await page.keyboard.type(by)
            await window.tab_to("Afficher")
            await press("Enter")
            chart = page.get_by_role("img", name=f"Procédures déposées, par {by}")
            await expect(chart).to_be_visible()
            assert await window.violations() == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            assert await chart.evaluate(OUTSIDE) == 0
            await page.emulate_media(color_scheme="dark")
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="Parquet", exact=True).click()
        assert (await downloading.value).suggested_filename == "procedures-2026-11-23.parquet"
        assert window.complaints == []
