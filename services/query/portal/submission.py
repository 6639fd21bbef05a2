"""The form of a new procedure: its fields, the body that intake takes, and codes found by their words. Pure.

A field is named as the JSON pointer of what it fills, so that what intake refuses is said where it was typed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from infoparquet_contracts.codes import Ground, Kind, UrgencyReason

from reference.bundle import Reference
from services.query.portal.choices import Choices, coded

_PERSON_ROLES: Final[Choices] = (("suspect", "Mise en cause"), ("victim", "Victime"), ("witness", "Témoin"))
_PERSON_KINDS: Final[Choices] = (("natural", "Personne physique"), ("legal", "Personne morale"))
# How a field begins that holds a code.
_LOOKED_UP: Final[Mapping[str, re.Pattern[str]]] = {
    "commune": re.compile(r"([0-9][0-9AB][0-9]{3})\b"),
    "natinf": re.compile(r"([0-9]{1,5})\b"),
}
_SUGGESTED: Final = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One field; `lookup` is where its words become a code."""

    name: str
    label: str
    kind: Literal["text", "date", "words", "choice", "nataff"] = "text"
    hint: str = ""
    choices: Choices = ()
    required: bool = False
    lookup: Literal["", "commune", "natinf"] = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Fields that belong together."""

    title: str
    entries: Sequence[Entry]


def _place(number: int, *, required: bool) -> Iterator[Entry]:
    yield Entry(f"places/{number}/ground", "Rattachement", "choice", choices=coded(Ground), required=required)
    hint = "Nom ou code INSEE. Laissez vide en mer, à l’étranger ou en ligne, et décrivez le lieu."
    yield Entry(f"places/{number}/commune", "Commune", hint=hint, lookup="commune")
    yield Entry(f"places/{number}/text", "Précision du lieu")


FORM: Final[Sequence[Part]] = (
    Part(
        "La procédure",
        [
            Entry("reference", "Votre référence", hint="Par exemple DREAL33-2026-00042.", required=True),
            Entry("kind", "Nature", "choice", choices=coded(Kind), required=True),
            Entry("urgency/reason", "Urgence", "choice", "À laisser vide s’il n’y en a pas.", coded(UrgencyReason)),
            Entry("urgency/until", "Échéance de l’urgence", "date"),
            Entry("urgency/comment", "Précision sur l’urgence"),
        ],
    ),
    Part(
        "Les faits",
        [
            Entry("facts/from", "Début des faits", "date"),
            Entry("facts/to", "Fin des faits", "date"),
            Entry("facts/summary", "Exposé des faits", "words"),
            Entry("natinf/0", "Infraction (NATINF)", hint="Code, ou mots de l’intitulé.", lookup="natinf"),
            Entry("natinf/1", "Autre infraction (NATINF)", lookup="natinf"),
            Entry("nataff/0", "Nature d’affaire (NATAFF)", "nataff"),
        ],
    ),
    Part("Le lieu", list(_place(0, required=True))),
    Part("Un autre lieu", list(_place(1, required=False))),
    Part(
        "Une personne",
        [
            Entry("persons/0/role", "Qualité", "choice", choices=_PERSON_ROLES),
            Entry("persons/0/kind", "Personne physique ou morale", "choice", choices=_PERSON_KINDS),
            Entry("persons/0/family_name", "Nom"),
            Entry("persons/0/given_name", "Prénom"),
            Entry("persons/0/birth_date", "Date de naissance", "date"),
            Entry("persons/0/name", "Dénomination", hint="D’une personne morale."),
            Entry("persons/0/siren", "SIREN", hint="D’une personne morale."),
        ],
    ),
    Part(
        "Vous",
        [
            Entry("author/name", "Nom"),
            Entry("author/service", "Service"),
            Entry("author/email", "Adresse électronique", hint="Les suites y sont envoyées."),
        ],
    ),
)
ENTRIES: Final[Mapping[str, Entry]] = {entry.name: entry for part in FORM for entry in part.entries}


def body_of(value: Callable[[str], str]) -> dict[str, Any]:
    """The body of `POST /v1/procedures`; what is empty is left out."""
    body: dict[str, Any] = {"places": []}
    for name, entry in ENTRIES.items():
        if written := _code(entry, value(name)):
            _put(body, name.split("/"), written)
    return {name: _whole(part) for name, part in body.items()}


def field_of(pointer: str) -> str:
    """The field that a pointer is about, or the nearest; the reference's where it is about none."""
    exact = [name for name in ENTRIES if name == pointer]
    within = [name for name in ENTRIES if name.startswith(f"{pointer}/") or pointer.startswith(f"{name}/")]
    return (exact or within or ["reference"])[0]


def suggestions(reference: Reference, what: str, typed: str) -> Choices:
    """Codes for words, likeliest first, with what tells them apart."""
    if what == "commune":
        found = reference.communes.nearest(typed, _SUGGESTED)
        return [(one.code, f"{one.name} ({one.department_name})") for one in found]
    wanted = _plain(typed).split()
    matching = (one for one in reference.natinf.values() if all(word in _plain(one.label) for word in wanted))
    return [(one.code, one.label) for one, _ in zip(matching, range(_SUGGESTED), strict=False)] if wanted else []


def unresolved(value: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
    """The fields in which words stand where a code belongs: name, lookup, and the words."""
    for name, entry in ENTRIES.items():
        typed = value(name)
        if entry.lookup and typed and _LOOKED_UP[entry.lookup].match(typed) is None:
            yield name, entry.lookup, typed


def _code(entry: Entry, typed: str) -> str:
    """« 33063 Bordeaux (Gironde) » is 33063."""
    found = _LOOKED_UP[entry.lookup].match(typed) if entry.lookup else None
    return found[1] if found else typed


def _put(body: dict[str, Any], path: Sequence[str], written: str) -> None:
    """Lists are kept as tables by their number until they are whole: one may be missing."""
    for step in path[:-1]:
        if not isinstance(body.get(step), dict):
            body[step] = {}
        body = body[step]
    body[path[-1]] = written


def _whole(part: Any) -> Any:  # noqa: ANN401 - a part of a body
    if not isinstance(part, dict):
        return part
    if part and all(name.isdigit() for name in part):
        return [_whole(part[name]) for name in sorted(part)]
    return {name: _whole(one) for name, one in part.items()}


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
