"""The page: the sheet as SVG, the search and its data, lists that say the same without the picture."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import jinja2

from reference.bundle import Reference
from reference.manifest import Folder
from reference.map.colouring import COLOURS
from reference.map.frames import HEIGHT, LABEL_HEIGHT, WIDTH, Spot
from reference.map.outlines import BORDERS, POINTS
from reference.map.sheet import Placed, Shape, Sheet, draw

_FOLDER: Final = Path(__file__).parent
# Okabe and Ito's palette, told apart with any colour vision; the page has one rule for each.
PALETTE: Final = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#4f7fd0", "#d55e00", "#cc79a7")


class Finding(NamedTuple):
    """Communes to look at: why, in whose court, and where the sheet shows them."""

    kind: str
    text: str
    court: str
    codes: str
    spots: tuple[Spot, ...]


def page(reference: Reference, folder: Folder) -> str:
    sheet = draw(reference, folder)
    appeals: dict[str, list[Shape]] = {}
    for shape in sorted(sheet.shapes, key=lambda shape: (shape.court.court_of_appeal, shape.court.name)):
        appeals.setdefault(shape.court.court_of_appeal, []).append(shape)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    findings = (*_disputed(reference, sheet), *_cut_by_zones(reference, sheet), *_cut_off(sheet))
    return environment.get_template("page.html").render(
        sheet=sheet,
        width=WIDTH,
        height=HEIGHT,
        label_height=LABEL_HEIGHT,
        palette=PALETTE[:COLOURS],
        appeals=appeals,
        findings=findings,
        data=_data(sheet),
        unplaced=[placed.commune for placed in sheet.communes if placed.spot is None],
        version=reference.version,
        sheets=[folder.sheet(name) for name in (BORDERS, POINTS)],
        competence=folder.sheet("competence.csv"),
    )


def _disputed(reference: Reference, sheet: Sheet) -> Iterable[Finding]:
    for placed in sheet.communes:
        if placed.commune.code in reference.territory.doubtful:
            text = f"{_named(placed)} : le tribunal est discuté entre nos sources"
            yield Finding("doubt", text, placed.court, placed.commune.code, _spots([placed]))


def _cut_by_zones(reference: Reference, sheet: Sheet) -> Iterable[Finding]:
    """One by aerodrome, with the communes its precincts lie in."""
    within: dict[tuple[str, str], list[Placed]] = {}
    for placed in sheet.communes:
        for zone in reference.territory.zones.get(placed.commune.code, ()):
            within.setdefault((zone.name, zone.court.code), []).append(placed)
    names = {shape.court.code: shape.court.name for shape in sheet.shapes}
    for (name, court), communes in sorted(within.items()):
        listed = ", ".join(map(_named, communes))
        text = f"{name}, dont l’emprise relève du {_lower(names[court])} : {listed}"
        yield Finding("zone", text, court, _codes(communes), _spots(communes))


def _cut_off(sheet: Sheet) -> Iterable[Finding]:
    names = {shape.court.code: shape.court.name for shape in sheet.shapes}
    by_code = {placed.commune.code: placed for placed in sheet.communes}
    for piece in sheet.pieces:
        communes = [by_code[code] for code in piece.communes]
        around = ", ".join(names[court] for court in piece.around)
        apart = f"détaché du reste du ressort ({_lower(names[piece.court])}), au contact de : {around}"
        text = f"{', '.join(map(_named, communes))} : {apart}"
        yield Finding("detached", text, piece.court, _codes(communes), _spots(communes))


def _named(placed: Placed) -> str:
    return f"{placed.commune.name} ({placed.commune.code})"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _codes(communes: Iterable[Placed]) -> str:
    return " ".join(placed.commune.code for placed in communes)


def _spots(communes: Iterable[Placed]) -> tuple[Spot, ...]:
    return tuple(placed.spot for placed in communes if placed.spot is not None)


def _data(sheet: Sheet) -> str:
    """What the search looks in, one line a commune: code, name, x, y. In a script element no « < » may stand."""
    lines: dict[str, list[str]] = {shape.court.code: [] for shape in sheet.shapes}
    for commune, court, spot in sheet.communes:
        x, y = spot or ("", "")
        lines[court].append(f"{commune.code}|{commune.name}|{x}|{y}")
    courts = [
        {
            "code": shape.court.code,
            "name": shape.court.name,
            "city": shape.court.city,
            "appeal": shape.court.court_of_appeal,
            "count": shape.communes,
            "communes": "\n".join(lines[shape.court.code]),
        }
        for shape in sheet.shapes
    ]
    return json.dumps(courts, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
