"""Versions of facts that have a newer one: read for ever, and written until their overlap ends."""

from typing import ClassVar

from .codes import Formation
from .facts import Candidates
from .identifiers import LegalBasis, RuleId, RuleSetVersion, TribunalCode
from .parts import Matched
from .payload import Payload


class RoutedV1(Payload):
    """Its candidates say neither their article nor whether they are told of the delivery."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.routed.v1"
    fact: ClassVar[str] = "routed"

    tribunal: TribunalCode
    formation: Formation | None
    rule: RuleId
    legal_basis: LegalBasis
    matched: Matched
    candidates: Candidates
    rule_set: RuleSetVersion


EARLIER: tuple[type[Payload], ...] = (RoutedV1,)
