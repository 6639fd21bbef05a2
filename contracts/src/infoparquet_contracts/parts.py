"""The values that several events carry."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from .codes import DismissalGround, Formation, Ground, Orientation, UrgencyReason
from .identifiers import (
    NATIONAL_CODES,
    CommuneCode,
    Day,
    DocumentId,
    LegalBasis,
    MediaType,
    Nataff,
    Natinf,
    RuleId,
    RuleSetVersion,
    Sha256,
    Size,
    TribunalCode,
)
from .payload import Frozen


class Urgency(Frozen):
    reason: UrgencyReason
    until: Day | None


class FactsPeriod(Frozen):
    """When the facts took place; an end that is not known is null."""

    from_: Day | None = Field(alias="from")
    to: Day | None


class Place(Frozen):
    """A place without a commune is at sea, abroad, online or unknown.

    `aerodrome`: whether it lies within the precincts of the aerodrome that cuts its commune; null where nobody said.
    """

    ground: Ground
    commune: CommuneCode | None
    aerodrome: bool | None = None


class Document(Frozen):
    id: DocumentId
    media_type: MediaType
    bytes: Size
    sha256: Sha256


class Matched(Frozen):
    """What the rule relied on; all empty for an operator's decision."""

    places: tuple[Place, ...] = ()
    natinf: tuple[Natinf, ...] = ()
    nataff: tuple[Nataff, ...] = ()


class Candidate(Frozen):
    """A court that a rule would have chosen too."""

    tribunal: TribunalCode
    formation: Formation | None
    rule: RuleId

    @property
    def specialised(self) -> bool:
        """Whether it is a formation or a national prosecutor: such a one is told of what it does not get."""
        return self.formation is not None or self.tribunal in NATIONAL_CODES


class GroundedCandidate(Candidate):
    """A candidate with what it rests on, null where nobody said, and whether it is told of what another gets."""

    legal_basis: LegalBasis | None
    informed: bool


class Decision(Frozen):
    """Why this court: the rule and the article it rests on."""

    tribunal: TribunalCode
    formation: Formation | None
    rule: RuleId
    legal_basis: LegalBasis
    rule_set: RuleSetVersion


def _only_with_a_dismissal(ground: DismissalGround | None, decided: ValidationInfo) -> DismissalGround | None:
    orientation = decided.data.get("orientation")
    if orientation is not None and (orientation is Orientation.DISMISSAL) != (ground is not None):
        raise ValueError("a dismissal has a ground, nothing else has one")
    return ground


# Comes after `orientation` in a model.
GroundOfDismissal = Annotated[DismissalGround | None, AfterValidator(_only_with_a_dismissal)]
