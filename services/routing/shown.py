"""The shapes of routing's bodies and answers, as its document has them."""

from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal
from uuid import UUID

from infoparquet_contracts import parts
from infoparquet_contracts.codes import DeclineReason, Formation, Kind, UnroutableReason
from infoparquet_contracts.identifiers import (
    AdministrationCode,
    CourtTopicName,
    EventId,
    LegalBasis,
    Nataff,
    Natinf,
    Number,
    ProcedureId,
    Reference,
    RuleId,
    RuleSetVersion,
    Time,
    TopicName,
    TribunalCode,
)
from infoparquet_contracts.payload import Frozen
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.replies import Reply
from pydantic import Field, create_model

from chassis.described import Shown
from chassis.openapi_problems import Fault
from chassis.words import Words


class Possible(Shown):
    """A court that a rule leads to."""

    tribunal: TribunalCode
    formation: Formation | None
    rule: RuleId
    legal_basis: LegalBasis
    why: Annotated[str, Field(description="Pourquoi, en français.")]
    informed: Annotated[bool, Field(description="Vrai pour une juridiction informée, qui n’est pas saisie.")]
    to_confirm: Annotated[bool, Field(description="Vrai si une donnée sur laquelle la règle repose est à vérifier.")]


class _Explained(Shown):
    explanation: Annotated[str, Field(description="La décision en un paragraphe.")]
    candidates: list[Possible]
    rule_set: RuleSetVersion


class Competent(_Explained):
    """One court."""

    tribunal: TribunalCode
    formation: Formation | None
    rule: RuleId
    legal_basis: LegalBasis
    matched: parts.Matched
    to_confirm: bool


class Undecided(_Explained):
    """None."""

    tribunal: None
    formation: None
    rule: None
    legal_basis: None
    reason: UnroutableReason


class Court(Shown):
    """A court and its topics; what is null is a national prosecutor's."""

    code: TribunalCode
    code_tj: Annotated[str | None, Field(description="Le code du ministère.")]
    name: str
    city: str | None
    court_of_appeal: str | None
    timezone: Annotated[str | None, Field(description="Nom IANA du fuseau horaire.")]
    topic: CourtTopicName
    replies_topic: TopicName


class Courts(Shown):
    """All of them."""

    tribunals: list[Court]


class Reason(Shown):
    """A reply's words."""

    id: EventId
    procedure: ProcedureId
    tribunal: TribunalCode
    fact: str
    at: datetime
    text: str


class DeclinedStep(Shown):
    """What became of a procedure before."""

    step: Literal["declined"]
    tribunal: TribunalCode
    at: datetime
    reason: DeclineReason
    competent: list[TribunalCode]
    text: str | None


class AssignedStep(Shown):
    """The same."""

    step: Literal["assigned"]
    tribunal: TribunalCode
    at: datetime
    reason: str
    by: str


class Queued(Shown):
    """A procedure that waits for an operator."""

    id: ProcedureId
    number: Number | None
    reference: Reference
    administration: AdministrationCode
    submitted_at: datetime
    urgent: bool
    urgency: parts.Urgency | None
    reason: UnroutableReason | None
    explanation: str | None
    missing: Annotated[list[Fault], Field(description="Ce qui manque pour qu’une règle décide.")]
    candidates: list[parts.Candidate]
    withdrawal_requested: bool
    declined_by: list[TribunalCode]
    history: list[DeclinedStep | AssignedStep]
    since: datetime


class Queue(Shown):
    """The one that waits longest first."""

    procedures: list[Queued]
    waiting: Annotated[int, Field(ge=0, description="Combien attendent en tout.")]


class DecidedAgain(Shown):
    """What came of it."""

    decided: Annotated[int, Field(description="Combien de procédures ont quitté la file.")]
    waiting: Annotated[int, Field(description="Combien y restent.")]
    rule_set: RuleSetVersion


class CaseShown(Shown):
    """What rules look at."""

    id: ProcedureId
    on: date
    kind: Kind | None
    places: list[parts.Place]
    natinf: list[Natinf]
    nataff: list[Nataff]


class Cases(Shown):
    """A page."""

    cases: list[CaseShown]
    next: Annotated[ProcedureId | None, Field(description="À donner en `after` ; null à la fin.")]


class AssignmentMade(Shown):
    """An operator's."""

    id: UUID
    procedure: ProcedureId
    tribunal: TribunalCode


class Redelivered(Shown):
    """How much was said again."""

    tribunal: TribunalCode
    from_: Annotated[date, Field(alias="from")]
    messages: int


class ReplyTaken(Shown):
    """A court's."""

    id: Annotated[EventId, Field(description="Celui de la réponse, que porte le fait.")]
    procedure: ProcedureId
    fact: Annotated[str, Field(json_schema_extra={"enum": [model.fact for model in REPLIES]})]


def _body(model: type[Reply]) -> type[Frozen]:
    """A reply as HTTP takes it: what the address and the moment say may be left out."""
    own = {name: (field.rebuild_annotation(), field) for name, field in model.model_fields.items()}
    more: Any = own | {
        "fact": (Literal[model.fact], ...),
        "procedure": (Annotated[ProcedureId, Field(description="Celle de l’adresse appelée.")], None),
        "delivery": (Annotated[EventId, Field(description="Par défaut, la remise en vigueur.")], None),
        "at": (Annotated[Time, Field(description="Par défaut, maintenant.")], None),
        "text": (Annotated[Words | None, Field(description="Des mots, gardés hors du journal.")], None),
    }
    return create_model(f"{model.__name__}Body", __base__=Frozen, **more)


ReplyBody: Any = Annotated[reduce(or_, [_body(model) for model in REPLIES]), Field(discriminator="fact")]
