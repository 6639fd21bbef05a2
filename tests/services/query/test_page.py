"""The page: static, of one origin, nothing inline, and data only ever as text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from services.query import page
from tests.services.in_process import InProcess

STATIC = Path(page.__file__).with_name("static")
FILES = sorted(file.name for file in STATIC.iterdir())


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text inside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style"):
            self.inline += data.strip()


async def test_the_page_is_served_to_anybody_and_allows_its_own_origin_only(query: InProcess) -> None:
    answer = await query.http.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_nothing_is_inline(query: InProcess) -> None:
    page = Elements((await query.http.get("/")).text)
    assert page.inline == ""
    assert [attributes for _, attributes in page.found if {"style", "onclick", "onload"} & attributes.keys()] == []


async def test_all_that_the_page_names_is_served_from_beside_it(query: InProcess) -> None:
    page = Elements((await query.http.get("/")).text)
    named = [
        attributes.get("src") or attributes.get("href") for tag, attributes in page.found if tag in ("script", "link")
    ]
    assert {f"static/{name}" for name in FILES if name.endswith((".css", ".svg"))} | {"static/page.js"} == set(named)
    for name in named:
        assert (await query.http.get(f"/{name}")).status_code == 200


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
async def test_scripts_are_served_import_each_other_and_parse_no_html(query: InProcess, name: str) -> None:
    answer = await query.http.get(f"/static/{name}")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert set(re.findall(r'from "\./([^"]+)"', answer.text)) <= set(FILES)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|://", answer.text)


@pytest.mark.parametrize("path", ["/static/api.py", "/static/..%2Fapi.py", "/static/", "/static/%00"])
async def test_nothing_else_is_served(query: InProcess, path: str) -> None:
    assert (await query.http.get(path)).status_code == 404


def test_the_page_speaks_french_and_names_its_fields() -> None:
    elements = Elements((STATIC / "page.html").read_text()).found
    assert ("html", {"lang": "fr"}) in elements
    labelled = {attributes["for"] for tag, attributes in elements if tag == "label"}
    fields = {attributes["id"] for tag, attributes in elements if tag in ("input", "select")}
    assert labelled == fields
