"""What an administration says of a procedure after it has submitted it: the bodies, and when it is too late. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from infoparquet_contracts.codes import Status, WithdrawalReason
from infoparquet_contracts.status import State
from pydantic import Field

from chassis.problems import FieldError
from chassis.words import Words
from services.intake.submission import DocumentId, Sent

# With 20 000 characters each, a dossier is still read in one answer.
MOST_SUPPLEMENTS = 100


class SupplementBody(Sent):
    """The body of `POST /v1/procedures/{id}/supplements`: words, documents, or both."""

    text: Words | None = None
    documents: Annotated[tuple[DocumentId, ...], Field(max_length=200)] = ()


class WithdrawalBody(Sent):
    """The body of `POST /v1/procedures/{id}/withdrawal`; the comment stays with the dossier."""

    reason: WithdrawalReason
    comment: Words | None = None


def faults(body: SupplementBody) -> Iterator[FieldError]:
    """What is wrong with a supplement that has the right shape."""
    if not body.documents and not (body.text or "").strip():
        yield FieldError("/text", "Indiquez un texte ou au moins une pièce.")


@dataclass(frozen=True, slots=True)
class Standing:
    """A procedure as far as intake knows: the fold of what it has read, and what it was told itself."""

    state: State
    withdrawn_at: datetime | None
    supplements: int


class TooLate(StrEnum):
    """Why a procedure takes no more of what is said."""

    CLOSED = "procedure-closed"
    WITHDRAWN = "procedure-withdrawn"
    TOO_MANY = "too-many-supplements"


def late_supplement(standing: Standing) -> TooLate | None:
    """Why a procedure takes no supplement, None where it takes one."""
    if standing.state.status is Status.CLOSED:
        return TooLate.CLOSED
    if _ended_by_withdrawal(standing):
        return TooLate.WITHDRAWN
    return TooLate.TOO_MANY if standing.supplements >= MOST_SUPPLEMENTS else None


def late_withdrawal(standing: Standing) -> TooLate | None:
    """Why a procedure cannot be withdrawn, None where it can."""
    if standing.withdrawn_at is not None or standing.state.status is Status.WITHDRAWN:
        return TooLate.WITHDRAWN
    return TooLate.CLOSED if standing.state.status is Status.CLOSED else None


def _ended_by_withdrawal(standing: Standing) -> bool:
    """Whether it was withdrawn before any delivery that intake knows of, though the journal may not say so yet."""
    if standing.state.status is Status.WITHDRAWN:
        return True
    unread = standing.withdrawn_at is not None and not standing.state.withdrawal_requested
    return unread and standing.state.delivery is None
