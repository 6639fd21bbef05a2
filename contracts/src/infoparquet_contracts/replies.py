"""What a court answers on its replies topic. Words go by HTTP only."""

from typing import ClassVar

from pydantic import Field

from .codes import DeclineReason, Orientation
from .facts import Courts, MissingItems
from .identifiers import EventId, ParquetNumber, SectionCode, Time
from .parts import GroundOfDismissal
from .payload import OfProcedure


class Reply(OfProcedure):
    """`delivery` is the `ce_id` of the delivery answered, `at` the court's own clock."""

    delivery: EventId
    at: Time


class AcknowledgedReply(Reply):
    event_type: ClassVar[str] = "fr.justice.infoparquet.reply.acknowledged.v1"
    fact: ClassVar[str] = "acknowledged"


class RegisteredReply(Reply):
    event_type: ClassVar[str] = "fr.justice.infoparquet.reply.registered.v1"
    fact: ClassVar[str] = "registered"

    parquet_number: ParquetNumber


class SupplementRequestedReply(Reply):
    event_type: ClassVar[str] = "fr.justice.infoparquet.reply.supplement-requested.v1"
    fact: ClassVar[str] = "supplement-requested"

    missing: MissingItems


class DeclinedReply(Reply):
    event_type: ClassVar[str] = "fr.justice.infoparquet.reply.declined.v1"
    fact: ClassVar[str] = "declined"

    reason: DeclineReason
    competent: Courts = ()


class AssignedReply(Reply):
    event_type: ClassVar[str] = "fr.justice.infoparquet.reply.assigned.v1"
    fact: ClassVar[str] = "assigned"

    section: SectionCode


class DecidedReply(Reply):
    event_type: ClassVar[str] = "fr.justice.infoparquet.reply.decided.v1"
    fact: ClassVar[str] = "decided"

    orientation: Orientation
    ground: GroundOfDismissal = Field(default=None, validate_default=True)


class ClosedReply(Reply):
    event_type: ClassVar[str] = "fr.justice.infoparquet.reply.closed.v1"
    fact: ClassVar[str] = "closed"
