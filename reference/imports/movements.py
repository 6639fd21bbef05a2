"""INSEE's file of the movements of communes since 1943: what a former code became."""

import datetime as dt
from typing import Final

from reference.communes import COMMUNE_CODE
from reference.imports.difference import Change, difference
from reference.imports.official import INSEE, Layout, OfficialFile, Row
from reference.imports.proposal import NewSheet, Present, Proposal
from reference.movements import FILE, KINDS, PROPER, Movement, Movements
from reference.movements import HEADER as SHEET

_COLUMNS: Final = ("MOD", "DATE_EFF", "TYPECOM_AV", "COM_AV", "LIBELLE_AV", "TYPECOM_AP", "COM_AP", "LIBELLE_AP")
# The column that tells this file from INSEE's other one.
MARK: Final = "TYPECOM_AV"
LAYOUT: Final = Layout(INSEE, ",", _COLUMNS)


def propose(file: OfficialFile, present: Present, dated: dt.date) -> Proposal:
    """Raises Refused."""
    rows: list[list[str]] = []
    movements: list[Movement] = []
    for row in file.rows(LAYOUT):
        day = _checked(file, row)
        rows.append([str(day) if name == "DATE_EFF" else row[name] for name in _COLUMNS])
        if row["TYPECOM_AV"] == row["TYPECOM_AP"] == PROPER:
            movements.append(Movement(day, row["COM_AV"], row["COM_AP"], row["LIBELLE_AV"]))
    held, told = present.reference.movements, Movements(movements)
    communes = present.reference.communes
    gone = [Change(code, name) for code, name in held.formers.items() if code not in told.formers]
    replaced: list[Change] = []
    for code, name in told.formers.items():
        before = held.successor(code) if code in held.formers else None
        after = told.successor(code)
        proper = communes.get(code)
        if (proper is None or proper.kind == "FORMER") and after in communes and after != before:
            replaced.append(Change(code, name, before, f"{after} {communes.by_code[str(after)].name}"))
    sheet = NewSheet(FILE, tuple(SHEET.split(",")), rows, True, f"INSEE, mouvements de communes, {dated:%Y}")
    return Proposal((sheet,), difference(gone=gone, succeeded=replaced))


def _checked(file: OfficialFile, row: Row) -> dt.date:
    for column in ("COM_AV", "COM_AP"):
        if not COMMUNE_CODE.fullmatch(row[column]):
            raise file.refused(column, f"« {row[column][:40]} » n’est pas un code INSEE de cinq caractères.")
    for column in ("TYPECOM_AV", "TYPECOM_AP"):
        if row[column] not in KINDS:
            raise file.refused(column, f"« {row[column][:40]} » n’est aucun de {', '.join(KINDS)}.")
    try:
        return dt.datetime.strptime(row["DATE_EFF"], "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise file.refused("DATE_EFF", f"« {row['DATE_EFF'][:40]} » n’est pas une date AAAA-MM-JJ.") from None
