"""The form of a new procedure: its steps, and the fields of each, as many as there are of what may be many. Pure.

A field is named as the JSON pointer of what it fills, so that what intake refuses is said where it was typed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from infoparquet_contracts.codes import Ground, Kind, UrgencyReason

from services.query.portal.choices import Choices, coded

PERSON_ROLES: Final[Choices] = (
    ("suspect", "Mise en cause"),
    ("victim", "Victime"),
    ("witness", "Témoin"),
    ("other", "Autre"),
)
_URGENCIES: Final = coded(UrgencyReason)
_PERSON_KINDS: Final[Choices] = (("natural", "Personne physique"), ("legal", "Personne morale"))
_TRUTH: Final[Choices] = (("true", "Oui"), ("false", "Non"))
# As the contract bounds the longest list, and the digits of a number that is read at all.
_MOST_ROWS: Final = 99
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One field; `lookup` is where its words become a code."""

    name: str
    label: str
    kind: Literal["text", "date", "birth", "words", "choice", "truth"] = "text"
    hint: str = ""
    choices: Choices = ()
    required: bool = False
    lookup: Literal["", "commune", "natinf", "nataff"] = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Fields that belong together; a list of the body, where it has a name, of at `most` so many."""

    title: str
    entries: Sequence[Entry]
    many: str = ""
    most: int = 1
    more: str = ""

    def rows(self, typed: Mapping[str, str]) -> Sequence[Sequence[Entry]]:
        """The fields of each of so many as were begun, and of one where there are none."""
        begun = {_number(name, self.many) for name in typed if self.many and name.startswith(f"{self.many}/")}
        return [self.row(number) for number in range(max(begun, default=0) + 1)]

    def row(self, number: int) -> Sequence[Entry]:
        """The fields of one; what is left empty after the first is left out, so nothing is required of it."""
        if not self.many:
            return self.entries
        first = number == 0
        return [replace(one, name=one.name.format(number), required=one.required and first) for one in self.entries]


@dataclass(frozen=True, slots=True)
class Step:
    """A page of the form."""

    name: str
    title: str
    parts: Sequence[Part] = ()

    @property
    def names(self) -> Iterator[str]:
        """What its fields are named, or are below."""
        return (part.many or entry.name for part in self.parts for entry in part.entries)

    def entries(self, typed: Mapping[str, str]) -> Iterator[Entry]:
        """All of its fields, as many as there are."""
        return (entry for part in self.parts for row in part.rows(typed) for entry in row)


_PLACE: Final = "Nom ou code INSEE. Laissez vide en mer, à l’étranger ou en ligne, et décrivez le lieu."
STEPS: Final[Sequence[Step]] = (
    Step(
        "facts",
        "Les faits et les lieux",
        [
            Part(
                "La procédure",
                [
                    Entry("reference", "Votre référence", hint="Par exemple DREAL33-2026-00042.", required=True),
                    Entry("kind", "Nature", "choice", choices=coded(Kind), required=True),
                    Entry("urgency/reason", "Urgence", "choice", "À laisser vide s’il n’y en a pas.", _URGENCIES),
                    Entry("urgency/until", "Échéance de l’urgence", "date"),
                    Entry("urgency/comment", "Précision sur l’urgence"),
                ],
            ),
            Part(
                "Les faits",
                [
                    Entry("facts/from", "Début des faits", "date"),
                    Entry("facts/to", "Fin des faits", "date"),
                    Entry("facts/text", "Précision sur la date", hint="Si elle n’est pas connue au jour près."),
                    Entry("facts/summary", "Exposé des faits", "words"),
                ],
            ),
            Part(
                "Lieu",
                [
                    Entry("places/{}/ground", "Rattachement", "choice", choices=coded(Ground), required=True),
                    Entry("places/{}/commune", "Commune", hint=_PLACE, lookup="commune"),
                    Entry("places/{}/text", "Précision du lieu"),
                    Entry(
                        "places/{}/aerodrome",
                        "Dans l’emprise d’un aérodrome",
                        "truth",
                        "Pour une commune qu’un aérodrome partage.",
                        _TRUTH,
                    ),
                ],
                "places",
                100,
                "Ajouter un lieu",
            ),
        ],
    ),
    Step(
        "offences",
        "Les infractions",
        [
            Part(
                "Infraction",
                [Entry("natinf/{}", "Infraction (NATINF)", hint="Code, ou mots de l’intitulé.", lookup="natinf")],
                "natinf",
                50,
                "Ajouter une infraction",
            ),
            Part(
                "Nature d’affaire",
                [Entry("nataff/{}", "Nature d’affaire (NATAFF)", hint="Code, ou mots.", lookup="nataff")],
                "nataff",
                50,
                "Ajouter une nature d’affaire",
            ),
        ],
    ),
    Step(
        "persons",
        "Les personnes",
        [
            Part(
                "Personne",
                [
                    Entry("persons/{}/role", "Qualité", "choice", choices=PERSON_ROLES),
                    Entry("persons/{}/kind", "Personne physique ou morale", "choice", choices=_PERSON_KINDS),
                    Entry("persons/{}/family_name", "Nom"),
                    Entry("persons/{}/given_name", "Prénom"),
                    Entry("persons/{}/birth_date", "Date de naissance", "birth", "JJ/MM/AAAA, MM/AAAA ou AAAA."),
                    Entry("persons/{}/name", "Dénomination", hint="D’une personne morale."),
                    Entry("persons/{}/siren", "SIREN", hint="D’une personne morale."),
                    Entry("persons/{}/address", "Adresse"),
                ],
                "persons",
                100,
                "Ajouter une personne",
            ),
            Part(
                "Vous",
                [
                    Entry("author/name", "Nom"),
                    Entry("author/service", "Service"),
                    Entry("author/email", "Adresse électronique", hint="Les suites y sont envoyées."),
                    Entry("comment", "Commentaire pour le tribunal", "words"),
                ],
            ),
        ],
    ),
    Step("documents", "Les pièces"),
    Step("recap", "Vérifier et transmettre"),
)
BY_NAME: Final[Mapping[str, Step]] = {step.name: step for step in STEPS}
LISTS: Final[Mapping[str, Part]] = {part.many: part for step in STEPS for part in step.parts if part.many}


def _number(name: str, many: str) -> int:
    """Of the row that a field is in; none is beyond the most there may be."""
    written = name.removeprefix(f"{many}/").partition("/")[0]
    return min(int(written), _MOST_ROWS) if written.isascii() and written.isdigit() and len(written) < _DIGITS else 0
