"""INSEE's official geographical code (COG): the communes in force, and the parts of communes.

INSEE's file has codes alone: names of departments and regions, postal codes and population stay those that are held.
Communes of the overseas collectivities are in no such file, and stay.
"""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Final, NamedTuple

from reference.communes import COMMUNE_CODE, FILE
from reference.courts import Court
from reference.imports.competence import EARLIER
from reference.imports.competence import HEADER as COMPETENCE_HEADER
from reference.imports.difference import Change, difference
from reference.imports.official import INSEE, Layout, OfficialFile, Row
from reference.imports.proposal import NewSheet, Present, Proposal
from reference.territory import FILE as COMPETENCE
from reference.territory import GONE

_COLUMNS: Final = ("TYPECOM", "COM", "REG", "DEP", "ARR", "LIBELLE", "COMPARENT")
LAYOUT: Final = Layout(INSEE, ",", _COLUMNS)
HEADER: Final = (
    "code_insee", "nom", "type", "code_parent", "code_departement", "departement", "code_arrondissement",
    "arrondissement", "code_region", "region", "codes_postaux", "population", "zone",
)  # fmt: skip
_KINDS: Final = ("COM", "COMA", "COMD", "ARM")
_COLLECTIVITIES: Final = "com"

Key = tuple[str, str]  # code and type
Held = dict[str, str]


class Inherited(NamedTuple):
    """A new commune's court, and one of the communes it is known by."""

    before: str
    court: Court


def propose(file: OfficialFile, present: Present, dated: dt.date) -> Proposal:
    """Raises Refused."""
    held = {(row["code_insee"], row["type"]): row for row in present.rows(FILE)}
    told = _read(file)
    described = _Described(held)
    after: dict[Key, Held] = {key: row for key, row in held.items() if row["zone"] == _COLLECTIVITIES}
    for key, (line, row) in told.items():
        file.line = line
        parent = told.get((row["COMPARENT"], "COM")) if row["COMPARENT"] else None
        if row["COMPARENT"] and parent is None:
            raise file.refused("COMPARENT", f"{row['COMPARENT'][:40]} n’est pas une commune du fichier.")
        after[key] = described.row(file, row, parent[1] if parent else row)
    inherited = _inherited(held, after, present)
    lost = _lost(held, after, present)
    rows = [[row[name] for name in HEADER] for row in sorted(after.values(), key=_order)]
    sheets = [NewSheet(FILE, HEADER, rows, True, f"Code officiel géographique {dated:%Y} (INSEE)")]
    if lost or inherited:
        sheets.append(_competence(present, lost, inherited))
    return Proposal(tuple(sheets), difference(**_changes(held, after, present, lost, inherited)))


def _read(file: OfficialFile) -> dict[Key, tuple[int, Row]]:
    told: dict[Key, tuple[int, Row]] = {}
    for row in file.rows(LAYOUT):
        code, kind = row["COM"], row["TYPECOM"]
        if kind not in _KINDS:
            raise file.refused("TYPECOM", f"« {kind[:40]} » n’est aucun de {', '.join(_KINDS)}.")
        if not COMMUNE_CODE.fullmatch(code):
            raise file.refused("COM", f"« {code[:40]} » n’est pas un code INSEE de cinq caractères.")
        if (kind == "COM") == bool(row["COMPARENT"]):
            raise file.refused("COMPARENT", f"« {row['COMPARENT'][:40]} » pour une ligne {kind}.")
        if not row["LIBELLE"]:
            raise file.refused("LIBELLE", f"{code} n’a pas de nom.")
        if (code, kind) in told:
            raise file.refused("COM", f"{code} figure deux fois comme {kind}.")
        told[code, kind] = (file.line, row)
    return told


class _Described:
    """What INSEE's file does not say of a commune, from the one that is held."""

    def __init__(self, held: Mapping[Key, Held]) -> None:
        self._held = held

    @cached_property
    def _departments(self) -> dict[str, Held]:
        return {row["code_departement"]: row for row in self._held.values()}

    @cached_property
    def _districts(self) -> dict[str, str]:
        return {row["code_arrondissement"]: row["arrondissement"] for row in self._held.values()}

    def row(self, file: OfficialFile, row: Row, within: Row) -> Held:
        """`within` is the commune that a part belongs to, which alone has a department."""
        department = self._departments.get(within["DEP"])
        if department is None:
            raise file.refused("DEP", f"département inconnu : « {within['DEP'][:40]} ».")
        same = self._held.get((row["COM"], row["TYPECOM"]), {})
        return {
            "code_insee": row["COM"],
            "nom": row["LIBELLE"],
            "type": row["TYPECOM"],
            "code_parent": row["COMPARENT"],
            "code_departement": within["DEP"],
            "code_arrondissement": within["ARR"],
            "arrondissement": self._districts.get(within["ARR"], ""),
            "codes_postaux": same.get("codes_postaux", ""),
            "population": same.get("population", ""),
            **{name: department[name] for name in ("departement", "code_region", "region", "zone")},
        }


def _inherited(held: Mapping[Key, Held], after: Mapping[Key, Held], present: Present) -> dict[str, Inherited]:
    """The new communes whose court is known by the movements: all they were made of belong to one court."""
    attached, movements = present.reference.territory.by_commune, present.reference.movements
    found: dict[str, Inherited] = {}
    for code, kind in after:
        before = [one for one in movements.predecessors(code) if one in attached]
        if kind == "COM" and (code, kind) not in held and code not in attached and before:
            courts = {attached[one].court for one in before}
            if len(courts) == 1:
                found[code] = Inherited(before[0], courts.pop())
    return found


def _lost(held: Mapping[Key, Held], after: Mapping[Key, Held], present: Present) -> dict[str, str | None]:
    """The codes that no row has any more, with the commune that took the place of each, as far as it is known."""
    now = {code for code, _ in after}
    found: dict[str, str | None] = {}
    for code, _ in held:
        if code not in now:
            successor = present.reference.movements.successor(code)
            found[code] = successor if successor is not None and (successor, "COM") in after else None
    return found


def _changes(
    held: Mapping[Key, Held],
    after: Mapping[Key, Held],
    present: Present,
    lost: Mapping[str, str | None],
    inherited: Mapping[str, Inherited],
) -> dict[str, list[Change]]:
    before, now = _by_code(held), _by_code(after)
    attached = {*present.reference.territory.by_commune, *inherited}
    both = [(code, before[code], row) for code, row in now.items() if code in before]
    new = [(code, row) for code, row in now.items() if code not in before]
    return {
        "gone": [Change(code, before[code]["nom"]) for code, successor in lost.items() if successor is None],
        "succeeded": [
            Change(code, before[code]["nom"], None, f"{successor} {now[successor]['nom']}")
            for code, successor in lost.items()
            if successor is not None
        ],
        "new": [
            Change(code, row["nom"], None, inherited[code].court.name if code in inherited else None)
            for code, row in new
        ],
        "relabelled": [
            Change(code, row["nom"], old["nom"], row["nom"]) for code, old, row in both if old["nom"] != row["nom"]
        ],
        "regrouped": [
            Change(code, row["nom"], _standing(old), _standing(row))
            for code, old, row in both
            if _standing(old) != _standing(row)
        ],
        "without_court": [Change(code, row["nom"]) for code, row in new if not {code, row["code_parent"]} & attached],
    }


def _by_code(rows: Mapping[Key, Held]) -> dict[str, Held]:
    """A code leads to the commune proper first."""
    ordered = sorted(rows.items(), key=lambda one: one[0][1] == "COM")
    return {code: row for (code, _), row in ordered}


def _standing(row: Held) -> str:
    return f"{row['type']} {row['code_parent']}".strip()


def _order(row: Held) -> tuple[str, bool, str]:
    return row["code_insee"], row["type"] != "COM", row["type"]


def _competence(present: Present, lost: Mapping[str, str | None], inherited: Mapping[str, Inherited]) -> NewSheet:
    """Communes that are gone follow the one that took their place, where it has a court; others keep their own."""
    attached = {*present.reference.territory.by_commune, *inherited}
    rows = {row["code_insee"]: row for row in present.rows(COMPETENCE)}
    for code, successor in lost.items():
        if successor in attached:
            rows.pop(code, None)
        elif code in rows:
            rows[code]["origine"] = f"minjustice{GONE}"
    kept = [[row[name] for name in COMPETENCE_HEADER] for row in rows.values()]
    kept += [[code, court.code_tj, court.code_ca, f"{EARLIER}{before}"] for code, (before, court) in inherited.items()]
    return NewSheet(COMPETENCE, COMPETENCE_HEADER, sorted(kept))
