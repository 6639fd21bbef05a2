"""HTTP: what was sent about a procedure, what was given up, and another chance for it. No address is ever shown."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from infoparquet_contracts.versions import fact_of

from chassis.doorbell import first_found
from chassis.identity import Caller, Operator, only
from chassis.marks import not_a_mark, read_mark, write_mark
from chassis.problems import Problem
from chassis.service import Parts
from services.notify import store

# What was just submitted may not have been read here yet.
CATCH_UP_SECONDS = 5.0


def routes(parts: Parts, tries: int) -> APIRouter:
    """The service's routes; a delivery that is tried again gets as many `tries` as a new one."""
    router = APIRouter(tags=["notifications"])

    @router.get("/v1/deliveries", summary="Les notifications envoyées au sujet d’une procédure")
    async def deliveries(
        procedure: UUID, caller: Annotated[Caller, Depends(only("operator", "administration"))]
    ) -> dict[str, Any]:
        async def look() -> list[Any] | None:
            async with parts.engine.connect() as connection:
                found = await store.of_procedure(connection, procedure)
            if found is None or (caller.kind == "administration" and caller.code != found[0]):
                return None
            return found[1]

        rows = await first_found(parts.facts_applied, look, CATCH_UP_SECONDS)
        if rows is None:
            detail = "Aucune procédure ne porte cet identifiant."
            raise Problem(404, "unknown-procedure", detail, headers={"Retry-After": "5"})
        return {"deliveries": [_shown(row) for row in rows]}

    @router.get("/v1/failed-deliveries", summary="Les notifications en échec, la plus ancienne d’abord")
    async def failed_deliveries(
        _: Operator, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> dict[str, Any]:
        asked = store.failed(_read(cursor), limit + 1)
        async with parts.engine.connect() as connection:
            rows = (await connection.execute(asked)).all()
        last = rows[limit - 1] if len(rows) > limit else None
        following = last and write_mark((last.failed_at, str(last.id)))
        return {"deliveries": [_shown(row) for row in rows[:limit]], "next": following}

    @router.post("/v1/deliveries/{id}/retry", summary="Tente de nouveau une notification en échec", status_code=202)
    async def retry_delivery(
        id: UUID,  # noqa: A002 - the name in the path
        caller: Annotated[Caller, Depends(only("operator"))],  # noqa: ARG001 - only lets them in
    ) -> dict[str, Any]:
        async with parts.transactions.begin() as transaction:
            found = await store.retry(transaction.connection, id, tries, transaction.now)
        if found is None:
            raise Problem(404, "unknown-delivery", "Aucune notification ne porte cet identifiant.")
        row, had_failed = found
        if not had_failed:
            detail = "Cette notification n’est pas en échec : elle est déjà envoyée, ou le sera."
            raise Problem(409, "not-failed", detail)
        parts.facts_applied.ring()
        return _shown(row)

    return router


def _read(cursor: str | None) -> tuple[datetime, UUID] | None:
    mark = read_mark(cursor)
    try:
        return None if mark is None else (mark[0], UUID(mark[1]))
    except ValueError:
        raise not_a_mark() from None


def _shown(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of the whole table
    waits = row.state == store.WAITING
    return {
        "id": row.id,
        "procedure": row.procedure_id,
        "event": row.event_id,
        "fact": fact_of(row.event_type),
        "channel": row.channel,
        "recipient": row.recipient,
        "state": row.state,
        "tries": row.tries,
        "next_try_at": row.next_try_at if waits else None,
        "failure": row.failure,
        "created_at": row.created_at,
        "failed_at": row.failed_at,
        "sent_at": row.sent_at,
    }
