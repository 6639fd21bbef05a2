"""The Ministry's list of offences, whole: after it, a code that is not in the list does not exist."""

import datetime as dt
import re
from typing import Final

from reference.imports.difference import compared, difference
from reference.imports.official import MINISTRY, Layout, OfficialFile
from reference.imports.proposal import NewSheet, Present, Proposal
from reference.offences import NATINF, natinf_code

_CODE: Final = "Numéro NATINF"
_NATURE: Final = "Nature de l'infraction"
_LABEL: Final = "Qualification de l'infraction"
_DEFINED: Final = "Définie par"
_PUNISHED: Final = "Réprimée par"
LAYOUT: Final = Layout(MINISTRY, ";", (_CODE, _NATURE, _LABEL, _DEFINED, _PUNISHED))
HEADER: Final = ("code", "libelle", "nature", "classe", "definie_par", "reprimee_par", "domaine", "source")
_CLASS = re.compile(r"contravention\D*([1-5])", re.IGNORECASE)


def propose(file: OfficialFile, present: Present, dated: dt.date) -> Proposal:
    """Raises Refused."""
    held = {row["code"]: row for row in present.rows(NATINF)}
    rows: dict[str, list[str]] = {}
    for row in file.rows(LAYOUT):
        try:
            code = natinf_code(row[_CODE])
        except ValueError:
            raise file.refused(_CODE, f"« {row[_CODE][:40]} » n’est pas un numéro de 1 à 5 chiffres.") from None
        if code in rows:
            raise file.refused(_CODE, f"le numéro {code} figure deux fois.")
        if not row[_LABEL]:
            raise file.refused(_LABEL, f"le numéro {code} n’a pas de qualification.")
        nature, level = _nature(row[_NATURE])
        subject = held[code]["domaine"] if code in held else ""
        source = f"natinf_{dated:%Y}"
        rows[code] = [code, row[_LABEL], nature, level, row[_DEFINED], row[_PUNISHED], subject, source]
    labels = {code: row[1] for code, row in rows.items()}
    changes = compared({code: row["libelle"] for code, row in held.items()}, labels)
    sheet = NewSheet(
        NATINF,
        HEADER,
        sorted(rows.values(), key=lambda row: int(row[0])),
        True,
        "Ministère de la Justice, liste NATINF",
    )
    return Proposal((sheet,), difference(**changes))


def _nature(text: str) -> tuple[str, str]:
    """« Contravention de classe 5 » is a nature and a class."""
    found = _CLASS.match(text)
    return ("Contravention", found[1]) if found else (text, "")
