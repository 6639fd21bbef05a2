"""HTTP in for operators: the decision on a procedure that waits for one, and telling a court again."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from chassis import idempotency
from chassis.clock import PARIS
from chassis.idempotency import Claim, Contradicted, IdempotencyKey, InFlight, Known
from chassis.identity import Caller, Operator
from chassis.problems import FieldError, Problem
from chassis.service import Parts
from chassis.transaction import Transaction
from chassis.words import Words
from reference import Reference
from reference.courts import Courts
from services.routing import courts, operations_store, store
from services.routing.dispatch import Dispatch, Steps
from services.routing.operations_store import Assignment
from services.routing.progress import Procedure, assign, waits_for_operator


class AssignmentBody(BaseModel):
    """`reason` is in words, and stays here."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    tribunal: Annotated[str, Field(max_length=32)]
    reason: Annotated[Words, Field(min_length=1)]


class RedeliveryBody(BaseModel):
    """From the beginning of that day, in Paris."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    from_: Annotated[date, Field(alias="from")]


def routes(parts: Parts, dispatch: Dispatch, current: Callable[[], Reference]) -> APIRouter:
    """The operators' routes."""
    router = APIRouter(tags=["exploitation"])

    @router.post("/v1/procedures/{id}/assignment", summary="Désigne le tribunal d’une procédure", status_code=202)
    async def assign_procedure(
        id: UUID,  # noqa: A002 - the name in the path
        body: AssignmentBody,
        caller: Operator,
        key: IdempotencyKey,
    ) -> dict[str, Any]:
        _require_court(body.tribunal, current().courts)
        try:
            async with parts.transactions.admit() as transaction:
                decided = await _assign(transaction, dispatch, id, body, caller, key)
        except InFlight:
            raise idempotency.in_flight() from None
        return {"id": decided, "procedure": id, "tribunal": body.tribunal}

    @router.post("/v1/tribunals/{code}/redelivery", summary="Remet de nouveau ce qui fut remis", status_code=202)
    async def redeliver(code: str, body: RedeliveryBody, _: Operator) -> dict[str, Any]:
        _require_court(code, current().courts, status=404)
        since = datetime.combine(body.from_, time(), PARIS)
        async with parts.transactions.admit() as transaction:
            again = await operations_store.told_since(transaction.connection, code, since)
            transaction.say(again)
        return {"tribunal": code, "from": body.from_, "messages": len(again)}

    return router


def _require_court(code: str, known: Courts, status: int = 400) -> None:
    if code not in courts.names(known):
        fault = FieldError("/tribunal", "Ce code est inconnu.", courts.nearest(code, known))
        raise Problem(status, "unknown-tribunal", "Aucun tribunal ne porte ce code.", [fault])


async def _assign(
    transaction: Transaction, dispatch: Dispatch, one: UUID, body: AssignmentBody, caller: Caller, key: str
) -> UUID:
    claim = Claim(key, idempotency.digest_of(body.model_dump(mode="json")), transaction.new_id())
    (claimed,) = await idempotency.claim(transaction, caller.organisation, f"/v1/procedures/{one}/assignment", [claim])
    match claimed:
        case Contradicted():
            raise idempotency.contradicted()
        case Known(resource):
            return resource
    held = await store.lock(transaction.connection, [one])
    if one not in held:
        raise Problem(404, "unknown-procedure", "Aucune procédure ne porte cet identifiant.")
    _require_assignable(held[one], body.tribunal)
    steps = Steps(dispatch, transaction, held)
    steps.take(
        assign(held[one], dispatch.deciding.assigned(held[one].submitted, body.tribunal), steps.speaker(one, None)),
        None,
    )
    told = Assignment(claimed.resource, one, body.tribunal, body.reason, caller.subject, transaction.now)
    await operations_store.add_assignment(transaction.connection, told)
    transaction.say(await steps.finish())
    return claimed.resource


def _require_assignable(procedure: Procedure, tribunal: str) -> None:
    standing = procedure.standing
    if not waits_for_operator(procedure):
        detail = f"La procédure est dans l’état « {standing.status.label} » : elle n’attend pas de décision."
        raise Problem(409, "not-waiting", detail)
    if tribunal in standing.declined_by:
        detail = "Ce tribunal s’est déclaré incompétent pour cette procédure."
        raise Problem(409, "declined-before", detail, [FieldError("/tribunal", detail)])
