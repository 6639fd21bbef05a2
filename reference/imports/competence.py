"""The Ministry's file of the courts competent for each commune.

What the file does not speak of keeps its court: overseas communes that come from another text, communes gone before.
Parts of communes without a row follow their commune.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from reference.communes import COMMUNE_CODE
from reference.courts import Court
from reference.imports.difference import Change, Difference, difference
from reference.imports.official import MINISTRY, Layout, OfficialFile, Row
from reference.imports.proposal import NewSheet, Present, Proposal
from reference.territory import FILE, GONE, INHERITED

_COMMUNE: Final = "Commune"
_CA_ORIGIN: Final = "Orig. CA"
_CA: Final = "N° CA"
_ORIGIN: Final = "Orig. TJ"
_NUMBER: Final = "N° TJ"
_COURT: Final = "Tribunal judiciaire compétent"
LAYOUT: Final = Layout(MINISTRY, ";", (_COMMUNE, "Libellé Commune", _CA_ORIGIN, _CA, _ORIGIN, _NUMBER, _COURT))
HEADER: Final = ("code_insee", "code_tj", "code_ca", "origine")
SOURCE: Final = "Ministère de la Justice, liste des juridictions compétentes pour les communes de France"
_MINISTRY: Final = "minjustice_"
EARLIER: Final = "herite_commune_anterieure:"
_NUMERO: Final = re.compile(r"[0-9]{1,5}")
_DIGIT: Final = re.compile(r"[0-9]")

# A commune's row in competence.csv: the court, and how it is known.
Kept = tuple[Court, str]


def propose(file: OfficialFile, present: Present, dated: dt.date) -> Proposal:
    """Raises Refused."""
    communes, courts = present.reference.communes, present.reference.courts.by_code_tj
    before = {row["code_insee"]: (courts[row["code_tj"]], row["origine"]) for row in present.rows(FILE)}
    told = _read(file, present)
    after: dict[str, Kept] = {}
    for code, court in told.items():
        commune = communes.get(code)
        there = commune is not None and commune.kind != "FORMER"
        after[code] = (court, f"{_MINISTRY}{dated:%Y}{'' if there else GONE}")
    gone: list[str] = []
    for code, (court, origin) in before.items():
        if code in after:
            continue
        kept = _untold(code, court, origin, told, present)
        if kept is None:
            gone.append(code)
        else:
            after[code] = kept
    rows = [[code, court.code_tj, court.code_ca, origin] for code, (court, origin) in sorted(after.items())]
    sheet = NewSheet(FILE, HEADER, rows, True, SOURCE)
    return Proposal((sheet,), _difference(before, after, gone, present))


def _read(file: OfficialFile, present: Present) -> dict[str, Court]:
    communes = present.reference.communes
    departments = {commune.department for commune in communes.by_code.values()}
    told: dict[str, Court] = {}
    for row in file.rows(LAYOUT):
        code = row[_COMMUNE]
        if not COMMUNE_CODE.fullmatch(code):
            raise file.refused(_COMMUNE, f"« {code[:40]} » n’est pas un code INSEE de cinq caractères (33063).")
        if code not in communes and not departments & {code[:2], code[:3]}:
            raise file.refused(_COMMUNE, f"aucune commune connue n’est dans le département de {code}.")
        court = _court(file, row, present)
        if told.setdefault(code, court) != court:
            raise file.refused(_NUMBER, f"la commune {code} figure deux fois, avec deux tribunaux.")
    return told


def _court(file: OfficialFile, row: Row, present: Present) -> Court:
    courts = present.reference.courts.by_code_tj
    code = _code(file, row, _ORIGIN, _NUMBER)
    court = courts.get(code)
    if court is None:
        raise file.refused(_NUMBER, f"tribunal inconnu : {code} « {row[_COURT][:80]} ».")
    appeal = _code(file, row, _CA_ORIGIN, _CA)
    if court.code_ca != appeal:
        known = f"{court.code_ca} ({court.court_of_appeal})"
        raise file.refused(_CA, f"{appeal} n’est pas la cour d’appel connue de {court.name}, qui est {known}.")
    return court


def _code(file: OfficialFile, row: Row, origin: str, number: str) -> str:
    """A digit of origin, then the number on five."""
    if not _DIGIT.fullmatch(row[origin]):
        raise file.refused(origin, f"« {row[origin][:40]} » n’est pas un chiffre.")
    if not _NUMERO.fullmatch(row[number]):
        raise file.refused(number, f"« {row[number][:40]} » n’est pas un numéro de 1 à 5 chiffres.")
    return row[origin] + row[number].zfill(5)


def _untold(code: str, court: Court, origin: str, told: Mapping[str, Court], present: Present) -> Kept | None:
    """The row of a commune that the file does not have, None where it is lost."""
    commune = present.reference.communes.get(code)
    parent = commune.parent if commune else None
    if parent is not None and parent in told:
        # Also one that was a commune of its own when the last file was made.
        return told[parent], f"{INHERITED}{parent}"
    if origin.startswith(EARLIER):
        return told.get(origin.removeprefix(EARLIER), court), origin
    if origin.startswith(_MINISTRY) and not origin.endswith(GONE):
        return None
    return court, origin


def _difference(before: Mapping[str, Kept], after: Mapping[str, Kept], gone: list[str], present: Present) -> Difference:
    communes = present.reference.communes

    def name(code: str) -> str:
        commune = communes.get(code)
        return commune.name if commune else ""

    left = {court for court, _ in before.values()} - {court for court, _ in after.values()}
    return difference(
        courts_gone=[Change(court.code, court.name) for court in left],
        gone=[Change(code, name(code), before[code][0].name) for code in gone],
        moved=[
            Change(code, name(code), before[code][0].name, court.name)
            for code, (court, _) in after.items()
            if code in before and before[code][0] != court
        ],
        new=[Change(code, name(code), None, court.name) for code, (court, _) in after.items() if code not in before],
        unknown=[
            Change(code, name(code), None, court.name) for code, (court, _) in after.items() if code not in communes
        ],
    )
