"""HTTP in for operators: the procedures that no rule decided, what each lacks, and deciding all of them again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from infoparquet_contracts.codes import UnroutableReason
from infoparquet_contracts.facts import Submitted

from chassis import idempotency
from chassis.idempotency import Claim, IdempotencyKey, InFlight
from chassis.identity import Operator
from chassis.problems import FieldError
from chassis.service import Parts
from chassis.transaction import Transaction
from services.routing import operations_store, store
from services.routing.decision import case_of
from services.routing.dispatch import Dispatch, Steps
from services.routing.lacking import lacking
from services.routing.progress import decide_again, waits_for_operator

PATH = "/v1/unroutable:decide"
PAGE = 500


def routes(parts: Parts, dispatch: Dispatch) -> APIRouter:
    """The queue's routes."""
    router = APIRouter(tags=["exploitation"])

    @router.get("/v1/unroutable", summary="Les procédures qui attendent la décision d’un opérateur")
    async def unroutable(
        _: Operator, procedure: UUID | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> dict[str, Any]:
        async with parts.engine.connect() as connection:
            queue = await store.queue(connection, limit, procedure)
            length = await store.queue_length(connection)
            history = await operations_store.history(connection, [waiting.procedure.id for waiting in queue])
        shown = [_queued(waiting, history[waiting.procedure.id], dispatch) for waiting in queue]
        return {"procedures": shown, "waiting": length}

    @router.post(PATH, summary="Décide de nouveau, par les règles actuelles, de tout ce qui attend", status_code=202)
    async def decide_unroutable(caller: Operator, key: IdempotencyKey) -> dict[str, Any]:
        decided, last = 0, None
        try:
            while True:
                async with parts.transactions.admit() as transaction:
                    if last is None:
                        await _claim(transaction, caller.organisation, key)
                    page = await store.queued(transaction.connection, last, PAGE)
                    decided += await _decide(transaction, dispatch, page)
                if len(page) < PAGE:
                    break
                last = page[-1]
            async with parts.engine.connect() as connection:
                waiting = await store.queue_length(connection)
        except InFlight:
            raise idempotency.in_flight() from None
        return {"decided": decided, "waiting": waiting, "rule_set": dispatch.deciding.law.version}

    @router.get("/v1/cases", summary="Ce que les règles regardent de chaque procédure, pour essayer d’autres règles")
    async def cases(
        _: Operator, after: UUID | None = None, limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE
    ) -> dict[str, Any]:
        async with parts.engine.connect() as connection:
            page = await store.submissions(connection, after, limit)
        shown = [_case(one, submitted) for one, submitted in page]
        return {"cases": shown, "next": page[-1][0] if len(page) == limit else None}

    return router


def _case(one: UUID, submitted: Submitted) -> dict[str, Any]:
    case = case_of(submitted)
    return {
        "id": one,
        "on": case.on,
        "kind": case.kind,
        "places": case.places,
        "natinf": case.natinf,
        "nataff": case.nataff,
    }


async def _claim(transaction: Transaction, organisation: str, key: str) -> None:
    """Under a key of before it does the same again: what has left the queue since is left alone."""
    claim = Claim(key, idempotency.digest_of({}), transaction.new_id())
    await idempotency.claim(transaction, organisation, PATH, [claim])


async def _decide(transaction: Transaction, dispatch: Dispatch, page: list[UUID]) -> int:
    held = await store.lock(transaction.connection, page)
    steps, decided = Steps(dispatch, transaction, held), 0
    for one in page:
        # A court, an operator or the administration may have been faster.
        if waits_for_operator(held[one]):
            outcome = decide_again(held[one], steps.speaker(one, None))
            decided += bool(outcome[1])
            steps.take(outcome, None)
    transaction.say(await steps.finish())
    return decided


def _queued(waiting: store.Waiting, history: list[dict[str, Any]], dispatch: Dispatch) -> dict[str, Any]:
    procedure = waiting.procedure
    submitted, standing, undecided = procedure.submitted, procedure.standing, procedure.undecided
    reason: UnroutableReason | None = None if undecided is None else undecided.reason
    missing: list[FieldError] = [] if reason is None else lacking(submitted, reason, dispatch.deciding.law)
    return {
        "id": procedure.id,
        "number": standing.number,
        "reference": submitted.reference,
        "administration": submitted.administration,
        "submitted_at": submitted.submitted_at,
        "urgent": standing.urgent,
        "urgency": submitted.urgency,
        "reason": reason,
        "explanation": reason and reason.label,
        "missing": [one.as_json() for one in missing],
        "candidates": [] if undecided is None else undecided.candidates,
        "withdrawal_requested": standing.withdrawal_requested,
        "declined_by": standing.declined_by,
        "history": history,
        "since": waiting.since,
    }
