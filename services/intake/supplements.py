"""HTTP in: an administration goes on with a procedure of its own: supplements, and its withdrawal.

The procedure's row is locked first, so what is said of one procedure has one order, and the same request sent twice at
once is answered alike. What crosses it in the journal is for the readers to settle.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from infoparquet_contracts.facts import Supplemented, Withdrawn

from chassis import idempotency
from chassis.french import moment
from chassis.idempotency import Claim, Contradicted, IdempotencyKey, InFlight, Known, New, Unseen
from chassis.outbox import to_journal
from chassis.problems import FieldError, Problem
from chassis.service import Parts
from chassis.transaction import Transaction
from services.intake import additions_store, attaching, attaching_store, lost_store, store
from services.intake.acceptance import PATH
from services.intake.additions import (
    MOST_SUPPLEMENTS,
    Standing,
    SupplementBody,
    TooLate,
    WithdrawalBody,
    faults,
    late_supplement,
    late_withdrawal,
)
from services.intake.api import JSON_TYPES, Administration, Links, require_type
from services.intake.attaching import ids_in
from services.intake.dossiers import NotFound, found
from services.intake.store import Procedure
from services.intake.submission import Sent, Unreadable, read

UNKNOWN = NotFound("unknown-procedure", "Aucune procédure ne porte cet identifiant.")
B = TypeVar("B", bound=Sent)
Add = Callable[[Transaction, Procedure, UUID, B], Awaitable[UUID]]


@dataclass(frozen=True, slots=True)
class Addressed:
    """Of which procedure, from whom, under which key; `what` ends the path."""

    procedure: UUID
    administration: str
    what: str
    key: str

    @property
    def organisation(self) -> str:
        """As keys are kept."""
        return f"administration:{self.administration}"

    @property
    def path(self) -> str:
        """As keys are kept: the one written form of the id, however it was sent."""
        return f"{PATH}/{self.procedure}/{self.what}"


@dataclass(frozen=True, slots=True)
class Posted(Generic[B]):
    """A body with its digest, or what is wrong with it: it may still be one that was accepted earlier."""

    digest: bytes
    body: B | Problem


def routes(parts: Parts, links: Links) -> APIRouter:
    """`POST /v1/procedures/{id}/supplements` and `/withdrawal`."""
    router = APIRouter(tags=["suites"])

    @router.post(
        f"{PATH}/{{id}}/supplements",
        summary="Complète une procédure",
        status_code=202,
    )
    async def supplement_procedure(
        id: UUID,  # noqa: A002 - the name in the path
        request: Request,
        caller: Administration,
        key: IdempotencyKey,
    ) -> Response:
        require_type(request, JSON_TYPES)
        posted = _read(await request.body(), SupplementBody, faults)
        addressed = Addressed(id, caller.code, "supplements", key)
        return _answer(links, id, await _take(parts, addressed, posted, _supplement))

    @router.post(
        f"{PATH}/{{id}}/withdrawal",
        summary="Retire une procédure",
        status_code=202,
    )
    async def withdraw_procedure(
        id: UUID,  # noqa: A002
        request: Request,
        caller: Administration,
        key: IdempotencyKey,
    ) -> Response:
        require_type(request, JSON_TYPES)
        posted = _read(await request.body(), WithdrawalBody, lambda _: iter(()))
        addressed = Addressed(id, caller.code, "withdrawal", key)
        return _answer(links, id, await _take(parts, addressed, posted, _withdraw))

    return router


def _answer(links: Links, procedure: UUID, resource: UUID) -> Response:
    status_url = links.status(procedure)
    content = {"id": str(resource), "procedure": str(procedure), "status_url": status_url}
    return JSONResponse(content, 202, {"Location": status_url})


def _read(body: bytes, model: type[B], check: Callable[[B], Iterator[FieldError]]) -> Posted[B]:
    """Raises Problem for what can never have been accepted."""
    try:
        reading = read(body, model)
        if errors := list(check(reading.understood)):
            raise Unreadable(errors, sent=reading.sent)
    except Unreadable as error:
        return Posted(_digest(error), refused(error))
    return Posted(idempotency.digest_of(reading.sent), reading.understood)


def _digest(error: Unreadable) -> bytes:
    # Only objects were ever accepted.
    digest = idempotency.digest_if_any(error.sent) if isinstance(error.sent, dict) else None
    if digest is None:
        raise refused(error)
    return digest


def refused(error: Unreadable) -> Problem:
    """400, with what is wrong field by field."""
    detail = "La demande comporte " + ("une erreur." if len(error.errors) == 1 else f"{len(error.errors)} erreurs.")
    return Problem(400, "invalid-json" if error.whole else "invalid-request", detail, error.errors)


async def _take(parts: Parts, addressed: Addressed, posted: Posted[B], add: Add[B]) -> UUID:
    """What the request made, now or when it was first sent. Raises Problem."""

    async def look() -> UUID | None:
        async with parts.transactions.admit() as transaction:
            procedure = await store.lock_own(transaction.connection, addressed.procedure, addressed.administration)
            return None if procedure is None else await _settle(transaction, procedure, addressed, posted, add)

    try:
        return await found(parts, look, UNKNOWN)
    except InFlight:
        raise idempotency.in_flight() from None


async def _settle(
    transaction: Transaction, procedure: Procedure, addressed: Addressed, posted: Posted[B], add: Add[B]
) -> UUID:
    if isinstance(posted.body, Problem):
        asked = [(addressed.key, posted.digest)]
        (seen,) = await idempotency.look_up(transaction, addressed.organisation, addressed.path, asked)
        if isinstance(seen, Unseen):
            raise posted.body
        return _made_before(seen)
    organisation, path = addressed.organisation, addressed.path
    one = idempotency.resource_for(transaction, organisation, path, addressed.key)
    claim = Claim(addressed.key, posted.digest, one)
    (claimed,) = await idempotency.claim(transaction, organisation, path, [claim])
    if not isinstance(claimed, New):
        return _made_before(claimed)
    made = await add(transaction, procedure, one, posted.body)
    if made != one:
        await idempotency.redirect(transaction, organisation, path, claim, made)
    return made


def _made_before(outcome: Known | Contradicted) -> UUID:
    if isinstance(outcome, Contradicted):
        raise idempotency.contradicted()
    return outcome.resource


async def _supplement(transaction: Transaction, procedure: Procedure, supplement: UUID, body: SupplementBody) -> UUID:
    if (known := await lost_store.give_back_supplement(transaction, procedure.id, supplement, body)) is not None:
        return known
    standing = await additions_store.standing_of(transaction.connection, procedure)
    if (late := late_supplement(standing)) is not None:
        raise _conflict(late, standing, "elle ne reçoit plus de complément")
    connection, named = transaction.connection, ids_in(body.documents)
    held = await attaching_store.held(connection, named, procedure.administration, locked=True)
    if errors := list(attaching.faults(body.documents, held)):
        raise refused(Unreadable(errors))
    documents = attaching.carried(body.documents, held)
    await additions_store.add_supplement(transaction, procedure.id, supplement, body)
    await attaching_store.attach(connection, documents, procedure.id, supplement)
    words = supplement if (body.text or "").strip() else None
    fact = Supplemented(supplement=supplement, documents=documents, words=words)
    transaction.say(to_journal(transaction.event(procedure.id, fact)))
    return supplement


async def _withdraw(transaction: Transaction, procedure: Procedure, withdrawal: UUID, body: WithdrawalBody) -> UUID:
    if (known := await lost_store.give_back_withdrawal(transaction, procedure.id, withdrawal, body)) is not None:
        return known
    standing = await additions_store.standing_of(transaction.connection, procedure)
    if (late := late_withdrawal(standing)) is not None:
        raise _conflict(late, standing, "elle ne peut plus être retirée")
    await additions_store.add_withdrawal(transaction, procedure.id, withdrawal, body)
    # The fact's id is the request's, which its key is known by.
    said = replace(transaction.event(procedure.id, Withdrawn(reason=body.reason)), id=withdrawal)
    transaction.say(to_journal(said))
    return withdrawal


def _conflict(late: TooLate, standing: Standing, hence: str) -> Problem:
    """409, with the state that is in the way."""
    at = standing.withdrawn_at
    since = "" if at is None else f" le {moment(at)}"
    sentences = {
        TooLate.CLOSED: f"La procédure est close : {hence}.",
        TooLate.WITHDRAWN: f"L’administration a déjà retiré la procédure{since} : {hence}.",
        TooLate.TOO_MANY: f"La procédure a déjà reçu {MOST_SUPPLEMENTS} compléments : {hence}.",
    }
    return Problem(409, late.value, sentences[late])
