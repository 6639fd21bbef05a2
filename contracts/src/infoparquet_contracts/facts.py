"""The facts of the journal, each at its newest version: what it says, and nothing that names a person."""

from typing import Annotated, ClassVar

from pydantic import Field

from .codes import (
    Channel,
    DeclineReason,
    Formation,
    Kind,
    MissingItem,
    NotificationFailure,
    Orientation,
    UnroutableReason,
    WithdrawalReason,
)
from .identifiers import (
    AdministrationCode,
    AuthorityCode,
    CourtTopicName,
    DocumentId,
    EventId,
    LegalBasis,
    Nataff,
    Natinf,
    Number,
    Offset,
    Organisation,
    ParquetNumber,
    Partition,
    Reference,
    RuleId,
    RuleSetVersion,
    SectionCode,
    ServiceCode,
    SubscriptionId,
    SupplementId,
    Time,
    TribunalCode,
    Tries,
    WordsId,
)
from .parts import Candidate, Document, FactsPeriod, GroundedCandidate, GroundOfDismissal, Matched, Place, Urgency
from .payload import Payload

Places = Annotated[tuple[Place, ...], Field(min_length=1, max_length=100)]
NatinfCodes = Annotated[tuple[Natinf, ...], Field(max_length=100)]
NataffCodes = Annotated[tuple[Nataff, ...], Field(max_length=100)]
Documents = Annotated[tuple[Document, ...], Field(max_length=500)]
Candidates = Annotated[tuple[Candidate, ...], Field(max_length=200)]
GroundedCandidates = Annotated[tuple[GroundedCandidate, ...], Field(max_length=200)]
MissingItems = Annotated[tuple[MissingItem, ...], Field(min_length=1, max_length=50)]
Courts = Annotated[tuple[TribunalCode, ...], Field(max_length=20)]


class Submitted(Payload):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.submitted.v1"
    fact: ClassVar[str] = "submitted"

    administration: AdministrationCode
    service: ServiceCode | None
    reference: Reference
    kind: Kind
    submitted_at: Time
    urgency: Urgency | None
    facts: FactsPeriod
    places: Places
    natinf: NatinfCodes
    nataff: NataffCodes
    documents: Documents


class Supplemented(Payload):
    """More documents, or words that intake keeps under their id."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.supplemented.v1"
    fact: ClassVar[str] = "supplemented"

    supplement: SupplementId
    documents: Documents
    words: WordsId | None


class Withdrawn(Payload):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.withdrawn.v1"
    fact: ClassVar[str] = "withdrawn"

    reason: WithdrawalReason


class DocumentInfected(Payload):
    """A malicious program was found in a document, whose bytes are handed to nobody from then on.

    `supplement` is the one it came with, null for the procedure's own documents. What was found is read from intake.
    """

    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.document-infected.v1"
    fact: ClassVar[str] = "document-infected"

    document: DocumentId
    supplement: SupplementId | None


class Numbered(Payload):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.numbered.v1"
    fact: ClassVar[str] = "numbered"

    number: Number
    authority: AuthorityCode


class Routed(Payload):
    """`candidates` are the other courts, each with its article and whether it is told of the delivery."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.routed.v2"
    fact: ClassVar[str] = "routed"

    tribunal: TribunalCode
    formation: Formation | None
    rule: RuleId
    legal_basis: LegalBasis
    matched: Matched
    candidates: GroundedCandidates
    rule_set: RuleSetVersion


class Unroutable(Payload):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.unroutable.v1"
    fact: ClassVar[str] = "unroutable"

    reason: UnroutableReason
    candidates: Candidates
    rule_set: RuleSetVersion


class Delivered(Payload):
    """The receipt of the handover; `delivery` is the `ce_id` of the message on the court's topic."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.delivered.v1"
    fact: ClassVar[str] = "delivered"

    tribunal: TribunalCode
    delivery: EventId
    topic: CourtTopicName
    partition: Partition
    offset: Offset
    at: Time


class Replied(Payload):
    """What every fact said for a court carries: which court, on which delivery, when by its clock, by which reply.

    The reply's words, if it has any, are with routing under the reply's id.
    """

    tribunal: TribunalCode
    delivery: EventId
    at: Time
    reply: EventId


class Acknowledged(Replied):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.acknowledged.v1"
    fact: ClassVar[str] = "acknowledged"


class Registered(Replied):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.registered.v1"
    fact: ClassVar[str] = "registered"

    parquet_number: ParquetNumber


class SupplementRequested(Replied):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.supplement-requested.v1"
    fact: ClassVar[str] = "supplement-requested"

    missing: MissingItems


class Declined(Replied):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.declined.v1"
    fact: ClassVar[str] = "declined"

    reason: DeclineReason
    competent: Courts


class Assigned(Replied):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.assigned.v1"
    fact: ClassVar[str] = "assigned"

    section: SectionCode


class Decided(Replied):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.decided.v1"
    fact: ClassVar[str] = "decided"

    orientation: Orientation
    ground: GroundOfDismissal


class Closed(Replied):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.closed.v1"
    fact: ClassVar[str] = "closed"


class Notified(Payload):
    """`about` is the fact that was told."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.notified.v1"
    fact: ClassVar[str] = "notified"

    about: EventId
    recipient: Organisation
    subscription: SubscriptionId | None
    channel: Channel
    at: Time
    tries: Tries


class NotificationFailed(Payload):
    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.notification-failed.v1"
    fact: ClassVar[str] = "notification-failed"

    about: EventId
    recipient: Organisation
    subscription: SubscriptionId | None
    channel: Channel
    at: Time
    tries: Tries
    failure: NotificationFailure


class Overdue(Payload):
    """An urgent procedure that its court had not acknowledged at `due`."""

    event_type: ClassVar[str] = "fr.justice.infoparquet.procedure.overdue.v1"
    fact: ClassVar[str] = "overdue"

    tribunal: TribunalCode
    delivery: EventId
    due: Time
