"""Every event type, at each of its versions, and its model."""

from collections.abc import Mapping
from types import MappingProxyType

from . import court, facts, operations, replies
from .earlier import EARLIER
from .payload import Payload

# What every type's name begins with.
NAMESPACE = "fr.justice.infoparquet."
# At their newest versions, which is all that handlers see.
FACTS: tuple[type[Payload], ...] = (
    facts.Submitted,
    facts.Supplemented,
    facts.Withdrawn,
    facts.DocumentInfected,
    facts.Numbered,
    facts.Routed,
    facts.Unroutable,
    facts.Delivered,
    facts.Acknowledged,
    facts.Registered,
    facts.SupplementRequested,
    facts.Declined,
    facts.Assigned,
    facts.Decided,
    facts.Closed,
    facts.Notified,
    facts.NotificationFailed,
    facts.Overdue,
)
COURT_MESSAGES: tuple[type[Payload], ...] = (
    court.Delivery,
    court.Supplement,
    court.Withdrawal,
    court.Recall,
    court.Notice,
    court.ReplyRefused,
)
REPLIES: tuple[type[replies.Reply], ...] = (
    replies.AcknowledgedReply,
    replies.RegisteredReply,
    replies.SupplementRequestedReply,
    replies.DeclinedReply,
    replies.AssignedReply,
    replies.DecidedReply,
    replies.ClosedReply,
)

_EVERY: tuple[type[Payload], ...] = (*FACTS, *EARLIER, *COURT_MESSAGES, *REPLIES, operations.DeadLetter)
MODELS: Mapping[str, type[Payload]] = MappingProxyType({model.event_type: model for model in _EVERY})
