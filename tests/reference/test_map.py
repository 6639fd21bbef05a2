"""The map is what the data says: drawn whole, legible, offline, and never older than the data."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from reference import Reference, default_url, load
from reference.bundle import PACKAGED
from reference.manifest import Folder
from reference.map.colouring import COLOURS, colours
from reference.map.outlines import Border, neighbours, outlines, read_borders, read_points
from reference.map.page import PALETTE, page
from reference.map.pieces import detached
from reference.map.sheet import Sheet, draw

PAGE = Path(__file__).parents[2] / "docs" / "competence.html"


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load(default_url())


@pytest.fixture(scope="module")
def sheet(reference: Reference) -> Sheet:
    return draw(reference, Folder(PACKAGED))


def a_square(commune: str, east: int, beyond: str = "") -> list[Border]:
    """A commune of one thousandth of a degree; `beyond` lies to its east."""
    corners = [(0, east), (1, east), (1, east + 1), (0, east + 1), (0, east)]
    lines = list(pairwise(corners))
    return [Border(commune, beyond if at == 2 else "", line) for at, line in enumerate(lines) if east == 0 or at]


def test_the_committed_page_is_what_the_data_says(reference: Reference) -> None:
    made = page(reference, Folder(PACKAGED))
    assert PAGE.read_text("utf-8") == made, "run `make docs`"


def test_every_commune_with_coordinates_is_on_the_page_once(reference: Reference) -> None:
    courts = json.loads(_between(PAGE.read_text("utf-8"), '<script type="application/json" id="data">', "</script>"))
    lines = [line.split("|") for court in courts for line in court["communes"].split("\n")]
    placed = [code for code, _, x, y in lines if x and y]
    assert sorted(placed) == sorted(read_points(Folder(PACKAGED)))
    assert sorted(code for code, *_ in lines) == sorted(reference.territory.by_commune)


def test_every_court_is_drawn_and_listed(reference: Reference) -> None:
    text = PAGE.read_text("utf-8")
    drawn = re.findall(
        r'<path class="court c[0-6](?: tiny)?" data-court="(\w+)" d="M[^"]+z"><title>([^<]+)</title>', text
    )
    listed = re.findall(r'<li><button type="button" data-court="(\w+)"><svg', text)
    assert {code for code, _ in drawn} == set(reference.courts)
    assert sorted(listed) == sorted(reference.courts)


def test_neighbours_have_different_colours(reference: Reference, sheet: Sheet) -> None:
    colour = {shape.court.code: shape.colour for shape in sheet.shapes}
    court_of = {code: its.court.code for code, its in reference.territory.by_commune.items()}
    borders = [border for border in read_borders(Folder(PACKAGED)) if border.neighbour]
    touching = neighbours(borders, court_of)
    assert not [(court, near) for court in touching for near in touching[court] if colour[court] == colour[near]]
    assert set(colour.values()) == set(range(COLOURS)) == set(range(len(PALETTE)))


def test_every_seat_lies_within_its_court(sheet: Sheet) -> None:
    spots = {placed.commune.code: placed for placed in sheet.communes}
    assert not [shape.court.name for shape in sheet.shapes if spots[shape.court.seat].court != shape.court.code]
    assert not [shape.court.name for shape in sheet.shapes if spots[shape.court.seat].spot != shape.seat]


def test_the_page_loads_nothing_from_elsewhere() -> None:
    text = PAGE.read_text("utf-8")
    assert not re.findall(r"https?:|//[a-z]|@import|url\((?!#)|<link(?! rel=\"icon\" href=\"data:)| src=", text)
    assert "default-src 'none'" in text


def test_the_page_stays_light() -> None:
    assert PAGE.stat().st_size < 3_000_000


def test_doubtful_communes_and_aerodromes_are_marked(reference: Reference) -> None:
    text = PAGE.read_text("utf-8")
    marked = " ".join(re.findall(r'data-communes="([^"]+)"', text)).split()
    assert reference.territory.doubtful | reference.territory.zones.keys() <= set(marked)
    assert text.count('class="doubt edge"') == 1 + len(reference.territory.doubtful)


def test_the_known_enclaves_are_named(sheet: Sheet) -> None:
    """Valréas, of Vaucluse, lies in the Drôme; Ménessaire, of Côte-d'Or, between the Nièvre and Saône-et-Loire."""
    cut_off = {commune for piece in sheet.pieces for commune in piece.communes}
    assert {"84138", "21403"} <= cut_off


def test_a_commune_of_another_court_in_the_middle_is_found() -> None:
    borders = [*a_square("01001", 0, "01002"), *a_square("01002", 1, "01003"), *a_square("01003", 2)]
    court_of = {"01001": "a", "01002": "b", "01003": "a"}
    (piece,) = detached(borders, court_of)
    assert (piece.court, piece.communes, piece.around) == ("a", ("01003",), ("b",))


def test_the_outline_of_a_court_leaves_out_the_borders_within_it() -> None:
    borders = [*a_square("01001", 0, "01002"), *a_square("01002", 1)]
    (ring,) = outlines(borders, {"01001": "a", "01002": "a"})["a"]
    assert ring[0] == ring[-1]
    assert len(set(ring)) == 6
    assert [len(rings) for rings in outlines(borders, {"01001": "a", "01002": "b"}).values()] == [1, 1]


def test_an_outline_that_does_not_close_is_refused() -> None:
    with pytest.raises(ValueError, match="stops at"):
        outlines(a_square("01001", 0)[:3], {"01001": "a"})


def test_more_neighbours_than_colours_is_refused() -> None:
    courts = [str(number) for number in range(COLOURS + 1)]
    touching = {court: frozenset(courts) - {court} for court in courts}
    with pytest.raises(ValueError, match="no colour left"):
        colours(touching, {court: (0, at) for at, court in enumerate(courts)})


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0]
