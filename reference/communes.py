"""The communes of the official geographical code (COG), and the nearest real ones to what somebody typed.

The file's key is (code_insee, type): a delegated commune often has the code of the commune it belongs to.
A code leads to the commune proper first, to the delegated or associated one or the arrondissement otherwise.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from reference.manifest import Folder
from reference.movements import Movements
from reference.suggestions import Suggestions
from reference.table import BrokenReference, Table

FILE: Final = "communes.csv"

# COM commune, COMD delegated, COMA associated, ARM arrondissement of Paris, Lyon or Marseille; FORMER: gone, known
# because facts may date from before. Its `parent` is the commune that took its place, where the movements say so;
# without them its name is not in the data.
Kind = Literal["COM", "COMD", "COMA", "ARM", "FORMER"]

_HEADER: Final = (
    "code_insee,nom,type,code_parent,code_departement,departement,code_arrondissement,arrondissement,"
    "code_region,region,codes_postaux,population,zone"
)
_KINDS: Final[Mapping[str, Kind]] = {"COM": "COM", "COMD": "COMD", "COMA": "COMA", "ARM": "ARM"}
COMMUNE_CODE: Final = re.compile(r"[0-9][0-9AB][0-9]{3}")
_POSTAL_CODES = re.compile(r"[0-9]{5}(?:\|[0-9]{5})*|")
_POPULATION = re.compile(r"[0-9]*")
_ONE_POSTAL_CODE: Final = 5


class Commune(NamedTuple):
    """`parent` is the commune it belongs to (None for a commune proper); `population` is 0 where unknown."""

    code: str
    name: str
    kind: Kind
    parent: str | None
    department: str
    department_name: str
    region: str
    postal_codes: str
    population: int


class Communes:
    """Each code once, with what it leads to."""

    def __init__(self, by_code: Mapping[str, Commune]) -> None:
        self.by_code = MappingProxyType(by_code)
        self._suggestions: Suggestions | None = None

    def __contains__(self, code: object) -> bool:
        return code in self.by_code

    def get(self, code: str) -> Commune | None:
        return self.by_code.get(code)

    def nearest(self, text: str, limit: int = 3) -> tuple[Commune, ...]:
        """The communes somebody may have meant by a code or a name, likeliest first; none when nothing is near."""
        if self._suggestions is None:
            # Built on the first unknown commune only: most processes never need it.
            self._suggestions = Suggestions(self.by_code)
        return tuple(self.by_code[code] for code in self._suggestions.nearest(text, limit))


def read_communes(folder: Folder, formers: tuple[str, ...], movements: Movements) -> Communes:
    """`formers` are codes that lead to a court though the communes' file no longer has them."""
    table = folder.table(FILE, _HEADER)
    shared: dict[str, str] = {}
    proper: dict[str, Commune] = {}
    parts: dict[tuple[str, str], tuple[int, Commune]] = {}
    for row in table:
        commune = _commune(table, row, shared)
        if commune.code in proper if commune.kind == "COM" else (commune.code, commune.kind) in parts:
            raise table.broken("code_insee", f"{commune.code} is there twice as {commune.kind}")
        if commune.kind == "COM":
            proper[commune.code] = commune
        else:
            parts[commune.code, commune.kind] = (table.line, commune)
    replaced = _replaced(movements, proper)
    by_code = replaced | {code: _former(code, proper) for code in formers if code not in replaced}
    for line, part in parts.values():
        if part.parent not in proper:
            raise BrokenReference(FILE, line, "code_parent", f"{part.parent} is no commune")
        by_code[part.code] = part
    return Communes(by_code | proper)


def _commune(table: Table, row: list[str], shared: dict[str, str]) -> Commune:
    code, name, type_, parent, department, department_name, _, _, _, region, postal_codes, population, _ = row
    table.match(COMMUNE_CODE, code, "code_insee")
    kind = _KINDS.get(type_)
    if kind is None:
        raise table.broken("type", f"{type_!r} is none of {', '.join(_KINDS)}")
    if (kind == "COM") != (not parent):
        raise table.broken("code_parent", f"{parent!r} for a {kind}")
    if not name or not department_name:
        raise table.broken("departement" if name else "nom", "empty")
    # Most have one postal code: the pattern is for the others.
    if len(postal_codes) != _ONE_POSTAL_CODE or not postal_codes.isdecimal():
        table.match(_POSTAL_CODES, postal_codes, "codes_postaux")
    if not population.isdecimal():
        table.match(_POPULATION, population, "population")
    return Commune(
        code,
        name,
        kind,
        parent or None,
        # One object for the hundred department and region names that 37 000 rows repeat.
        shared.setdefault(department, department),
        shared.setdefault(department_name, department_name),
        shared.setdefault(region, region),
        postal_codes,
        int(population or 0),
    )


def _replaced(movements: Movements, proper: Mapping[str, Commune]) -> dict[str, Commune]:
    """The communes that others took the place of, in the department they would be in today."""
    found: dict[str, Commune] = {}
    for code, name in movements.formers.items():
        today = proper.get(movements.successor(code) or "")
        if code not in proper and today is not None:
            found[code] = today._replace(
                code=code, name=name, kind="FORMER", parent=today.code, postal_codes="", population=0
            )
    return found


def _former(code: str, proper: Mapping[str, Commune]) -> Commune:
    neighbour = next((other for other in proper.values() if code.startswith(other.department)), None)
    if neighbour is None:
        raise BrokenReference(FILE, 0, "code_departement", f"no commune in the department of {code}")
    return Commune(
        code,
        f"ancienne commune {code}",
        "FORMER",
        None,
        neighbour.department,
        neighbour.department_name,
        neighbour.region,
        "",
        0,
    )
