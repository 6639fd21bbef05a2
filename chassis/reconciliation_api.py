"""`/v1/reconciliation`: what this service said, what it lacks of what others said, and to say or apply it again."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from infoparquet_contracts.topics import JOURNAL
from infoparquet_contracts.versions import SAME_AS
from pydantic import BaseModel, ConfigDict, Field

from chassis import comparison, misplaced, said_facts
from chassis.comparison import Fact, Holdings
from chassis.consumer import Consumer
from chassis.identity import Operator
from chassis.said_facts import MOST_AT_ONCE

_LARGEST_PLACE = 2**63 - 1


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SaidFact(_Asked):
    """A fact of the journal."""

    id: UUID
    procedure: UUID
    type: Annotated[str, Field(max_length=200)]


class Comparison(_Asked):
    """Facts of the journal, of which those are wanted that this service lacks."""

    facts: Annotated[list[SaidFact], Field(max_length=MOST_AT_ONCE)]


class Again(_Asked):
    """Records to be said again, by their `ce_id`."""

    records: Annotated[list[UUID], Field(max_length=MOST_AT_ONCE)]


class Forget(_Asked):
    """Procedures to be forgotten, until their facts come anew."""

    procedures: Annotated[list[UUID], Field(max_length=MOST_AT_ONCE)]


def routes(consumer: Consumer, holdings: Holdings) -> APIRouter:
    """The routes of the service that this consumer reads for."""
    parts = consumer.parts
    transactions, journal = parts.transactions, parts.application.sources[JOURNAL.name]
    router = APIRouter(prefix="/v1/reconciliation", tags=["rapprochement"])

    @router.get("", summary="Ce que ce service a dit au journal, du plus ancien au plus récent")
    async def said(
        _: Operator,
        cursor: Annotated[int, Query(ge=0, le=_LARGEST_PLACE)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = MOST_AT_ONCE,
    ) -> dict[str, Any]:
        async with transactions.engine.connect() as connection:
            rows = await said_facts.page(connection, cursor, limit)
        following = str(rows[-1].place) if len(rows) == limit else None
        return {"records": [_shown(row) for row in rows], "next": following}

    @router.post("/lacking", summary="Ceux de ces faits que ce service aurait dû appliquer et n’a pas")
    async def lacking(body: Comparison, _: Operator) -> dict[str, Any]:
        facts = [Fact(one.id, one.procedure, one.type) for one in body.facts]
        async with transactions.engine.connect() as connection:
            return {"lacking": await comparison.lacking(connection, holdings, journal, facts)}

    @router.post("/resend", summary="Redit au journal, à la lettre, ce que ce service a déjà dit")
    async def resend(body: Again, _: Operator) -> dict[str, Any]:
        async with transactions.begin() as transaction:
            return {"resent": await said_facts.say_again(transaction, body.records, heard_too=True)}

    @router.post("/read-anew", summary="Relit depuis leur début les partitions qui ne sont plus ce qu’elles étaient")
    async def read_partitions_anew(_: Operator) -> dict[str, Any]:
        moved = await misplaced.read_anew(transactions, parts.probe, parts.kafka)
        consumer.read_on()
        return {"partitions": [{"topic": one.topic, "partition": one.partition} for one in sorted(set(moved))]}

    if holdings.forget is not None:
        forget = holdings.forget

        @router.post("/forget", summary="Oublie ces procédures, avant que leurs faits soient redits")
        async def forget_procedures(body: Forget, _: Operator) -> dict[str, Any]:
            async with transactions.begin() as transaction:
                await forget(transaction, body.procedures)
            parts.applied()
            return {"forgotten": len(set(body.procedures))}

    return router


def _shown(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of `said_facts.page`
    headers = dict(json.loads(row.headers))
    # What a delivery is missed by is its receipt; the journal has not said it yet.
    fact = row.id if row.receipted else headers.get(SAME_AS, headers["ce_id"])
    state = "heard" if row.partition is not None else "published" if row.published else "waiting"
    return {
        "record": row.id,
        "fact": fact,
        "procedure": row.procedure_id,
        "type": headers["ce_type"],
        "state": state,
        "said_at": row.said_at,
        "partition": row.partition,
        "offset": row.offset,
    }
