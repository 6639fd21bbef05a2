"""INSEE's official geographical code (COG): the communes in force, and the parts of communes.

INSEE's file has codes alone: names of departments and regions, postal codes and population stay those that are held.
Communes of the overseas collectivities are in no such file, and stay.
"""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from reference.communes import COMMUNE_CODE, FILE
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
    changes, lost = _changes(held, after, present)
    rows = [[row[name] for name in HEADER] for row in sorted(after.values(), key=_order)]
    sheets = [NewSheet(FILE, HEADER, rows, True, f"Code officiel géographique {dated:%Y} (INSEE)")]
    if lost:
        sheets.append(_competence(present, lost))
    return Proposal(tuple(sheets), difference(**changes))


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


def _changes(
    held: Mapping[Key, Held], after: Mapping[Key, Held], present: Present
) -> tuple[dict[str, list[Change]], dict[str, bool]]:
    """By section; and the codes that no row has any more, with whether another commune took their place."""
    before, now = _by_code(held), _by_code(after)
    movements, attached = present.reference.movements, present.reference.territory.by_commune
    gone: list[Change] = []
    succeeded: list[Change] = []
    lost: dict[str, bool] = {}
    for code, row in before.items():
        if code in now:
            continue
        successor = movements.successor(code)
        lost[code] = successor != code and (successor or "", "COM") in after
        if lost[code]:
            succeeded.append(Change(code, row["nom"], None, f"{successor} {now[str(successor)]['nom']}"))
        else:
            gone.append(Change(code, row["nom"]))
    both = [(code, before[code], row) for code, row in now.items() if code in before]
    new = [Change(code, row["nom"]) for code, row in now.items() if code not in before]
    return {
        "gone": gone,
        "succeeded": succeeded,
        "new": new,
        "relabelled": [
            Change(code, row["nom"], old["nom"], row["nom"]) for code, old, row in both if old["nom"] != row["nom"]
        ],
        "regrouped": [
            Change(code, row["nom"], _standing(old), _standing(row))
            for code, old, row in both
            if _standing(old) != _standing(row)
        ],
        "without_court": [
            one for one in new if one.code not in attached and now[one.code]["code_parent"] not in attached
        ],
    }, lost


def _by_code(rows: Mapping[Key, Held]) -> dict[str, Held]:
    """A code leads to the commune proper first."""
    ordered = sorted(rows.items(), key=lambda one: one[0][1] == "COM")
    return {code: row for (code, _), row in ordered}


def _standing(row: Held) -> str:
    return f"{row['type']} {row['code_parent']}".strip()


def _order(row: Held) -> tuple[str, bool, str]:
    return row["code_insee"], row["type"] != "COM", row["type"]


def _competence(present: Present, lost: Mapping[str, bool]) -> NewSheet:
    """Of communes that are gone, those that another took the place of follow it; the others keep their court."""
    rows = present.rows(COMPETENCE)
    header = tuple(rows[0])
    kept = [row for row in rows if not lost.get(row["code_insee"], False)]
    for row in kept:
        if row["code_insee"] in lost:
            row["origine"] = f"minjustice{GONE}"
    return NewSheet(COMPETENCE, header, [list(row.values()) for row in kept])
