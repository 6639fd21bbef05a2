"""What a court's topic carries, in the order the court must know it."""

from typing import ClassVar

from .codes import Kind, RecallReason, ReplyRefusal, WithdrawalReason
from .facts import Documents, NataffCodes, NatinfCodes, Places
from .identifiers import AdministrationCode, DossierUrl, EventId, JsonPointer, Number, Reference, Time
from .parts import Candidate, Decision, FactsPeriod, Urgency
from .payload import OfProcedure, Payload


class _Told(OfProcedure):
    """All that a court must know of a procedure, without a person in it."""

    reference: Reference
    number: Number
    kind: Kind
    administration: AdministrationCode
    submitted_at: Time
    urgency: Urgency | None
    facts: FactsPeriod
    places: Places
    natinf: NatinfCodes
    nataff: NataffCodes
    decision: Decision
    documents: Documents


class Notice(_Told):
    """Informs a specialised court: no access to the dossier, no reply expected.

    `decision` is the court that has the procedure; `addressed` why this one is told, and for which formation.
    """

    event_type: ClassVar[str] = "fr.justice.infoparquet.tribunal.notice.v1"
    fact: ClassVar[str] = "notice"

    addressed: Candidate


class Delivery(_Told):
    """Hands a procedure over. Its `ce_id` is the delivery that replies answer."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.tribunal.delivery.v1"
    fact: ClassVar[str] = "delivery"

    dossier_url: DossierUrl


class Supplement(OfProcedure):
    event_type: ClassVar[str] = "fr.justice.infoparquet.tribunal.supplement.v1"
    fact: ClassVar[str] = "supplement"

    delivery: EventId
    documents: Documents


class Withdrawal(OfProcedure):
    event_type: ClassVar[str] = "fr.justice.infoparquet.tribunal.withdrawal.v1"
    fact: ClassVar[str] = "withdrawal"

    delivery: EventId
    reason: WithdrawalReason


class Recall(OfProcedure):
    """The court's competence has ended."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.tribunal.recall.v1"
    fact: ClassVar[str] = "recall"

    delivery: EventId
    reason: RecallReason


class ReplyRefused(Payload):
    """`reply` and `delivery` are null where the reply could not be read that far; `pointer` as `Undecodable`'s."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.tribunal.reply-refused.v1"
    fact: ClassVar[str] = "reply-refused"

    reply: EventId | None
    delivery: EventId | None
    code: ReplyRefusal
    pointer: JsonPointer
