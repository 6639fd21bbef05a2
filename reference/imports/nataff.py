"""The Ministry's nomenclature of kinds of affair; complete once it goes down to the third level."""

import datetime as dt
from typing import Final

from reference.imports.difference import compared, difference
from reference.imports.official import INSEE, MINISTRY, Layout, OfficialFile
from reference.imports.proposal import NewSheet, Present, Proposal
from reference.offences import NATAFF, nataff_code

_CODE: Final = "Code"
_LABEL: Final = "Libellé"
_COLUMNS: Final = (_CODE, _LABEL)
HEADER: Final = ("code", "code_parent", "niveau", "libelle")
_DEEPEST: Final = 3


def propose(file: OfficialFile, present: Present, dated: dt.date) -> Proposal:
    """Raises Refused."""
    # Handed on by hand rather than published: in either encoding.
    encoding = INSEE if file.decodes("utf-8") else MINISTRY
    labels: dict[str, str] = {}
    lines: dict[str, int] = {}
    for row in file.rows(Layout(encoding, ";", _COLUMNS)):
        try:
            code = nataff_code(row[_CODE])
        except ValueError:
            raise file.refused(_CODE, f"« {row[_CODE][:40]} » n’est pas une lettre suivie de 0 à 2 chiffres.") from None
        if code in labels:
            raise file.refused(_CODE, f"le code {code} figure deux fois.")
        if not row[_LABEL]:
            raise file.refused(_LABEL, f"le code {code} n’a pas de libellé.")
        labels[code], lines[code] = row[_LABEL], file.line
    for code, line in lines.items():
        if code[:-1] and code[:-1] not in labels:
            file.line = line
            raise file.refused(_CODE, f"le code {code} figure sans celui dont il dépend, {code[:-1]}.")
    # Parents stand before their children.
    codes = sorted(labels, key=lambda code: (len(code), code))
    rows = [[code, code[:-1], str(len(code)), labels[code]] for code in codes]
    complete = any(len(code) == _DEEPEST for code in labels)
    changes = compared({row["code"]: row["libelle"] for row in present.rows(NATAFF)}, labels)
    sheet = NewSheet(NATAFF, HEADER, rows, complete, f"Ministère de la Justice, table NATAFF, {dated:%Y}")
    return Proposal((sheet,), difference(**changes))
