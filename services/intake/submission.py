"""What an administration sends: the shape of a procedure's body, and the part of it that the journal may carry.

A body is read strictly: unknown fields, names given twice, control characters and half surrogates are refused. People
and words stop here: `as_fact` takes codes, dates and places only.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from infoparquet_contracts import parts
from infoparquet_contracts.codes import Ground, Kind, UrgencyReason
from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.identifiers import Day, Nataff, Reference, ServiceCode
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import from_json
from stdnum.fr import siren

from chassis.idempotency import KEY_PATTERN
from chassis.problems import FieldError, field_errors
from chassis.words import Words
from reference.offences import natinf_code

MOST_ERRORS = 100
_CONTROL_OR_BREAK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PARTIAL_DAY = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"


def _on_one_line(text: str) -> str:
    if _CONTROL_OR_BREAK.search(text):
        raise ValueError("Ce texte tient sur une ligne, sans caractère de contrôle.")
    return text


def _real_natinf(code: str) -> str:
    if not code.strip("0"):
        raise ValueError("Ce code NATINF n’existe pas.")
    return code


def _real_siren(number: str) -> str:
    if not siren.is_valid(number):
        raise ValueError("Ce numéro SIREN est faux : sa clé de contrôle ne concorde pas.")
    return number


def _real_day(day: str) -> str:
    """French registers know people born on an unknown day or month: `1980`, `1980-05`."""
    try:
        date.fromisoformat((day + "-01-01")[:10])
    except ValueError:
        raise ValueError("Cette date n’existe pas.") from None
    return day


Line = Annotated[str, StringConstraints(max_length=300), AfterValidator(_on_one_line)]
Natinf = Annotated[str, StringConstraints(pattern="^[0-9]{1,5}$"), AfterValidator(_real_natinf)]
Siren = Annotated[str, StringConstraints(pattern="^[0-9]{9}$"), AfterValidator(_real_siren)]
PartialDay = Annotated[str, StringConstraints(pattern=_PARTIAL_DAY), AfterValidator(_real_day)]
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    AfterValidator(_on_one_line),
]
DocumentId = Annotated[str, StringConstraints(max_length=36)]


class Sent(BaseModel):
    """A part of a body: closed to what we do not know, silent about its content in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Urgency(Sent):
    reason: UrgencyReason
    until: Day | None = None
    comment: Words | None = None


class Facts(Sent):
    """`text` says the dates in words, where they are not known to the day."""

    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None
    text: Words | None = None
    summary: Words | None = None


class Place(Sent):
    """`commune` is checked against the reference data, so that any text gets suggestions.

    `aerodrome` says, for a commune that an aerodrome cuts, whether the place lies within the precincts.
    """

    ground: Ground
    commune: Line | None = None
    aerodrome: bool | None = None
    text: Words | None = None


def _at_least_one(places: tuple[Place, ...]) -> tuple[Place, ...]:
    if not places:
        raise ValueError("Indiquez au moins un lieu.")
    return places


# Pydantic's own `min_length` counts good places only, and would report a list of one bad place as empty besides.
Places = Annotated[
    tuple[Place, ...], Field(max_length=100, json_schema_extra={"minItems": 1}), AfterValidator(_at_least_one)
]


class Role(StrEnum):
    SUSPECT = "suspect"
    VICTIM = "victim"
    WITNESS = "witness"
    OTHER = "other"


class PersonKind(StrEnum):
    NATURAL = "natural"
    LEGAL = "legal"


class Person(Sent):
    """`name` and `siren` are a legal person's."""

    role: Role
    kind: PersonKind
    family_name: Line | None = None
    used_name: Line | None = None
    given_name: Line | None = None
    birth_date: PartialDay | None = None
    birth_place: Line | None = None
    nationality: Line | None = None
    name: Line | None = None
    siren: Siren | None = None
    address: Words | None = None
    email: Email | None = None
    phone: Line | None = None
    comment: Words | None = None


class Author(Sent):
    name: Line | None = None
    service: Line | None = None
    email: Email | None = None
    phone: Line | None = None


class Submission(Sent):
    """The body of `POST /v1/procedures`; `service` is the code of the administration's service, if it has one."""

    reference: Reference
    kind: Kind
    service: ServiceCode | None = None
    urgency: Urgency | None = None
    facts: Facts = Facts()
    places: Places
    nataff: Annotated[tuple[Nataff, ...], Field(max_length=50)] = ()
    natinf: Annotated[tuple[Natinf, ...], Field(max_length=50)] = ()
    persons: Annotated[tuple[Person, ...], Field(max_length=100)] = ()
    author: Author = Author()
    documents: Annotated[tuple[DocumentId, ...], Field(max_length=200)] = ()
    comment: Words | None = None


class SubmissionLine(Submission):
    """A line of `POST /v1/procedures:batch`."""

    idempotency_key: Annotated[str, StringConstraints(pattern=KEY_PATTERN)]


S = TypeVar("S", bound=Sent)


@dataclass(frozen=True, slots=True)
class Reading(Generic[S]):
    """A body that has the right shape: as sent, and as understood."""

    sent: dict[str, Any]
    understood: S


class Unreadable(Exception):  # noqa: N818 - what is wrong is in `errors`
    """A body that is not what it should be. `whole`: it is not even JSON; otherwise `sent` is the JSON it is."""

    def __init__(self, errors: Sequence[FieldError], *, whole: bool = False, sent: Any = None) -> None:  # noqa: ANN401
        super().__init__(len(errors))
        self.errors = errors
        self.whole = whole
        self.sent = sent


def read(body: bytes, model: type[S]) -> Reading[S]:
    """What a body says, as `model` has it. Raises Unreadable."""
    sent = _json(body)
    try:
        return Reading(sent, model.model_validate_json(body))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        errors = field_errors([_bounded(dict(fault)) for fault in faults[:MOST_ERRORS]])
        raise Unreadable(errors, sent=sent) from None


def _json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value, until the model has seen it
    try:
        from_json(body, allow_inf_nan=False)
        return _DISTINCT.decode(body.decode())
    except _NameTwice:
        detail = "Un même nom figure deux fois dans un objet."
    except ValueError:
        detail = "Le contenu n’est pas un document JSON valide, en UTF-8."
    raise Unreadable([FieldError("", detail)], whole=True)


def _bounded(fault: dict[str, Any]) -> dict[str, Any]:
    """A pointer that repeats an endless unknown name would be as long: it stops at the object."""
    place = fault["loc"]
    return fault | {"loc": place[:-1] if place and len(str(place[-1])) > 64 else place}


class _NameTwice(ValueError):  # noqa: N818
    pass


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(named := dict(pairs)) != len(pairs):
        raise _NameTwice
    return named


_DISTINCT = json.JSONDecoder(object_pairs_hook=_distinct)


def as_fact(submission: Submission, administration: str, at: datetime) -> Submitted:
    """What the journal is told; nothing in it names a person."""
    urgency = submission.urgency
    return Submitted(
        administration=administration,
        service=submission.service,
        reference=submission.reference,
        kind=submission.kind,
        submitted_at=at,
        urgency=None if urgency is None else parts.Urgency(reason=urgency.reason, until=urgency.until),
        facts=parts.FactsPeriod(from_=submission.facts.from_, to=submission.facts.to),
        places=tuple(
            parts.Place(ground=one.ground, commune=one.commune, aerodrome=one.aerodrome) for one in submission.places
        ),
        natinf=tuple(dict.fromkeys(natinf_code(code) for code in submission.natinf)),
        nataff=tuple(dict.fromkeys(submission.nataff)),
        documents=(),
    )
