"""What a mail says, in French: the same words for its text and its HTML. Pure; nothing in it names a person.

Five facts are told to the author: the number, that the court has taken it in, that it asks for more, that it decided,
and that one of the documents is infected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from infoparquet_contracts import facts
from infoparquet_contracts.codes import Orientation
from infoparquet_contracts.payload import Payload

from chassis.clock import PARIS
from reference.names import Names

DAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """The procedure a mail is about; no number where the fact came before it."""

    procedure: UUID
    reference: str
    number: str | None

    @property
    def name(self) -> str:
        """How the administration finds it again: by its number, else by its own reference."""
        return self.number or self.reference


@dataclass(frozen=True, slots=True)
class Letter:
    """`details` are pairs of label and value; `asked` is what the court misses; `link` is where to follow it."""

    subject: str
    title: str
    opening: str
    details: tuple[tuple[str, str], ...]
    asked: tuple[str, ...]
    following: tuple[str, ...]
    link: str | None


@dataclass(frozen=True, slots=True)
class _Body:
    """What one kind of fact adds."""

    title: str
    opening: str
    following: tuple[str, ...]
    details: tuple[tuple[str, str], ...] = ()
    asked: tuple[str, ...] = ()


def write(data: Payload, at: datetime, about: Subject, names: Names, public_url: str | None) -> Letter:
    """The letter that tells a fact said at `at`; `public_url` is where people reach the follow-up page, if known."""
    body = _BODIES[type(data)](data, names)
    number = () if about.number is None else (("Numéro", about.number),)
    return Letter(
        subject=f"Procédure {about.name} : {body.title[0].lower()}{body.title[1:]}",
        title=body.title,
        opening=body.opening,
        details=(*number, ("Votre référence", about.reference), *body.details, ("Date", moment(at))),
        asked=body.asked,
        following=body.following,
        link=None if public_url is None else f"{public_url}/procedures/{about.procedure}",
    )


def moment(at: datetime) -> str:
    """« lundi 23 novembre 2026 à 13 h 05 (heure de Paris) »; no line ends within the hour."""
    local = at.astimezone(PARIS)
    day = "1er" if local.day == 1 else str(local.day)
    date = f"{DAYS[local.weekday()]} {day} {MONTHS[local.month - 1]} {local.year}"
    return f"{date} à {local.hour}\u00a0h\u00a0{local.minute:02d} (heure de Paris)"


def _numbered(_: facts.Numbered, __: Names) -> _Body:
    return _Body(
        title="Numéro attribué",
        opening="Votre procédure a bien été reçue. Elle porte désormais un numéro, qui l’identifie jusqu’à son terme.",
        following=(
            "Rappelez ce numéro dans vos échanges au sujet de la procédure.",
            "Vous n’avez rien d’autre à faire : la procédure sera transmise au parquet compétent.",
            "Un courriel vous avertira lorsqu’il l’aura prise en charge.",
        ),
    )


def _acknowledged(data: facts.Acknowledged, names: Names) -> _Body:
    return _Body(
        title="Prise en charge par le parquet",
        opening=f"Le {_office(data.tribunal, names)} a pris en charge votre procédure.",
        details=(("Tribunal", names.of(data.tribunal)),),
        following=(
            "Vous n’avez rien à faire pour l’instant.",
            "Un courriel vous avertira si un complément est demandé, et lorsqu’une décision aura été prise.",
        ),
    )


def _supplement_requested(data: facts.SupplementRequested, names: Names) -> _Body:
    return _Body(
        title="Complément demandé",
        opening=f"Le {_office(data.tribunal, names)} vous demande de compléter votre procédure.",
        details=(("Tribunal", names.of(data.tribunal)),),
        asked=tuple(item.label for item in data.missing),
        following=(
            "Transmettez ces éléments en complément de la procédure, par l’application qui a servi à la déposer.",
            _NOT_TWICE,
            _NOT_IN_REPLY,
        ),
    )


def _decided(data: facts.Decided, names: Names) -> _Body:
    ground = () if data.ground is None else (("Motif", data.ground.label),)
    return _Body(
        title="Décision du parquet",
        opening=f"Le {_office(data.tribunal, names)} a décidé de la suite à donner à votre procédure.",
        details=(("Tribunal", names.of(data.tribunal)), ("Décision", data.orientation.label), *ground),
        following=(
            *((_APPEAL,) if data.orientation is Orientation.DISMISSAL else ()),
            "Ce courriel informe de la décision ; il ne remplace aucun des actes que le parquet peut vous adresser.",
        ),
    )


def _document_infected(data: facts.DocumentInfected, _: Names) -> _Body:
    """True of a procedure in any state: it may have no number yet, or be withdrawn or closed."""
    own = data.supplement is None
    supplement = () if own else (("Identifiant du complément", str(data.supplement)),)
    return _Body(
        title="Pièce infectée, non remise au tribunal",
        opening=(
            "L’antivirus a détecté un programme malveillant dans une pièce "
            f"{'de votre procédure' if own else 'd’un complément de votre procédure'}. "
            "La pièce est conservée, mais elle ne sera pas remise au tribunal."
        ),
        details=(("Identifiant de la pièce", str(data.document)), *supplement),
        following=(
            "La procédure n’est pas interrompue et ne change pas de numéro : seule cette pièce est retenue.",
            "Vérifiez avec un antivirus le fichier d’origine, et l’ordinateur d’où il vient.",
            "Transmettez en complément une copie saine, par l’application qui a servi à déposer la procédure.",
            "Si la procédure est close, ou si vous l’avez retirée, il n’y a pas de copie à transmettre.",
            _NOT_TWICE,
            _NOT_IN_REPLY,
        ),
    )


def _office(tribunal: str, names: Names) -> str:
    """Who acts is the prosecutor's office, not the court: « parquet du tribunal judiciaire de Bayonne »."""
    name = names.within(tribunal)
    return name if name.startswith("parquet") else f"parquet du {name}"


_NOT_TWICE: Final = "Ne déposez pas la procédure une seconde fois : elle recevrait un autre numéro."
_NOT_IN_REPLY: Final = "Une pièce envoyée en réponse à ce courriel ne parviendrait pas au parquet."
_APPEAL: Final = (
    "Le classement sans suite peut être contesté devant le procureur général (article 40-3 du code de procédure "
    "pénale)."
)

# Each body is of the model that is its key, which the table's type cannot say.
_BODIES: Final[Mapping[type[Payload], Callable[[Any, Names], _Body]]] = {
    facts.Numbered: _numbered,
    facts.Acknowledged: _acknowledged,
    facts.SupplementRequested: _supplement_requested,
    facts.Decided: _decided,
    facts.DocumentInfected: _document_infected,
}
# What is told to the author.
TOLD: Final = frozenset(_BODIES)
