"""What the pages under `docs/` name is there."""

import re

from tests.docs.pictures import FOLDER
from tests.processes import ROOT

_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def test_what_a_page_leads_to_is_there() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    named = [(page, link) for page in pages for link in _LINK.findall(page.read_text())]
    assert len(named) > 100
    assert [(page.name, link) for page, link in named if not (page.parent / link).exists()] == []


def test_every_picture_is_shown_on_a_page() -> None:
    shown = {
        name for page in (ROOT / "docs").glob("*.md") for name in re.findall(r"pictures/(\S+?\.png)", page.read_text())
    }
    assert shown == {picture.name for picture in FOLDER.glob("*.png")}
