"""French names of courts and places as they stand inside a sentence: articles, elisions, apostrophes."""

import re

from reference.communes import Commune, Communes
from reference.courts import Court

_VOWEL = re.compile(r"[aeiouyàâäéèêëîïôöùûüÿœæ]", re.IGNORECASE)
# « d’Yvetot » but « de Yerres »: before a vowel, y is a consonant.
_CONSONANT_Y = re.compile(r"y[aeiouàâéèêîôû]", re.IGNORECASE)
_CONTRACTED = {"Le ": "du ", "Les ": "des "}


def court_name(court: Court) -> str:
    """« tribunal judiciaire de Saint-Gaudens », from the Ministry's « Tribunal judiciaire de St Gaudens »."""
    kind = "tribunal judiciaire" if court.kind == "TJ" else "tribunal de première instance"
    return kind + typographic(court.name[len(kind) :].replace(" St ", " Saint-"))


def locate(commune: Commune, communes: Communes) -> str:
    """« dans la commune du Havre (Seine-Maritime) », with the commune that a part of one belongs to."""
    name, parent = typographic(commune.name), communes.get(commune.parent or "")
    department = typographic(commune.department_name)
    within = "" if name == department else f" ({department})"
    if commune.department == "984":
        return f"dans les {department} ({name})"
    if commune.kind == "FORMER" and parent is not None:
        return f"dans l’ancienne commune {_of(name)}, que remplace la commune {_of(parent.name)} ({department})"
    if commune.kind == "FORMER":
        return f"dans l’{name} ({department})"
    if parent is None:
        return f"dans la commune {_of(name)}{within}"
    if commune.kind == "ARM":
        _, number, _ = name.rsplit(" ", 2)
        return f"dans le {number} arrondissement {_of(parent.name)}"
    kind = "déléguée" if commune.kind == "COMD" else "associée"
    return f"dans la commune {kind} {_of(name)}, qui fait partie de la commune {_of(parent.name)} ({department})"


def typographic(text: str) -> str:
    return text.replace("'", "’")


def lower_first(text: str) -> str:
    """Inside a sentence."""
    return text[0].lower() + text[1:]


def _of(name: str) -> str:
    for article, contracted in _CONTRACTED.items():
        if name.startswith(article):
            return contracted + typographic(name.removeprefix(article))
    elided = _VOWEL.match(name) and not _CONSONANT_Y.match(name)
    return ("d’" if elided else "de ") + typographic(name)
