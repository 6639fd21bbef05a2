"""What a court may answer in each state, and the fields of each answer, of which its forms are made. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from infoparquet_contracts.codes import DeclineReason, DismissalGround, MissingItem, Orientation, Status
from infoparquet_contracts.status import FOLLOWERS

Choices = Sequence[tuple[str, str]]


# As many are proposed for words, of which so much is looked at.
SUGGESTED: Final = 8
LONGEST_WORDS: Final = 100


def proposed(wanted: Sequence[str], named: Iterable[tuple[str, str, str]]) -> Choices:
    """Of codes with their labels and those made plain, the first in which all the words are; none where none is."""
    found = ((code, label) for code, label, plain in named if all(word in plain for word in wanted))
    return list(islice(found, SUGGESTED)) if wanted else []


def coded(codes: Any) -> Choices:  # noqa: ANN401 - an enumeration with labels
    """Each code with what people read."""
    return [(one.value, one.label) for one in codes]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `name` is the reply's own; `court` is a choice among all courts."""

    name: str
    label: str
    kind: Literal["text", "choice", "choices", "court"]
    hint: str = ""
    choices: Choices = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `title` names it, `button` does it."""

    fact: str
    title: str
    button: str
    fields: Sequence[Field] = ()
    # What cannot be taken back is said before it is done.
    warning: str = ""


_REPLIES: Final[Sequence[Reply]] = (
    Reply("acknowledged", "Prendre en charge", "Prendre en charge"),
    Reply(
        "registered",
        "Enregistrer au bureau d’ordre",
        "Enregistrer",
        [
            Field(
                "parquet_number",
                "Numéro de parquet",
                "text",
                "Chiffres, barres obliques et tirets, par exemple 26/000123.",
            )
        ],
    ),
    Reply(
        "supplement-requested",
        "Demander un complément",
        "Demander",
        [Field("missing", "Ce qui manque", "choices", choices=coded(MissingItem))],
    ),
    Reply(
        "declined",
        "Décliner la compétence",
        "Décliner",
        [
            Field("reason", "Motif", "choice", choices=coded(DeclineReason)),
            Field("competent", "Tribunal qui semble compétent", "court", "Facultatif.", required=False),
        ],
        "Votre tribunal n’aura plus accès au dossier.",
    ),
    Reply(
        "assigned",
        "Attribuer à une section",
        "Attribuer",
        [
            Field(
                "section",
                "Code de la section",
                "text",
                "Une à quatre lettres capitales, puis des chiffres : ECO2. Jamais un nom.",
            )
        ],
    ),
    Reply(
        "decided",
        "Décider de l’orientation",
        "Enregistrer la décision",
        [
            Field("orientation", "Orientation", "choice", choices=coded(Orientation)),
            Field(
                "ground",
                "Motif du classement",
                "choice",
                "Pour un classement seulement.",
                coded(DismissalGround),
                required=False,
            ),
        ],
    ),
    Reply("closed", "Clore la procédure", "Clore", warning="Une procédure close ne se rouvre pas."),
)
BY_FACT: Final[Mapping[str, Reply]] = {reply.fact: reply for reply in _REPLIES}


def offered_replies(status: Status) -> Sequence[Reply]:
    """Those that may follow, in the order of the road."""
    followers = {follower.value for follower in FOLLOWERS[status]}
    return [reply for reply in _REPLIES if reply.fact in followers]


def body_of(reply: Reply, values: Callable[[str], Sequence[str]]) -> dict[str, Any]:
    """The reply as routing takes it; what was left empty is left out, for routing to say what is missing."""
    body: dict[str, Any] = {"fact": reply.fact}
    for one in reply.fields:
        given = values(one.name)
        if given:
            body[one.name] = given if one.kind in ("choices", "court") else given[0]
    return body
