"""HTTP out: the dossier as it was sent and what was added since, to those it concerns; who reads it is recorded.

To anybody else it does not exist, and saying so takes as long as for one that does not.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends
from infoparquet_contracts.status import State

from chassis.doorbell import first_found
from chassis.identity import Caller, only
from chassis.problems import Problem
from chassis.service import Parts
from services.intake import additions_store, attaching_store, lost_store, store
from services.intake.document_shown import as_json
from services.intake.store import Procedure

# What was just delivered may not have been read here yet.
CATCH_UP_SECONDS = 5.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NotFound:
    """What is said of what does not exist, or is another organisation's."""

    kind: str
    detail: str


UNKNOWN = NotFound("unknown-dossier", "Aucun dossier ne porte cet identifiant.")


def may_read(caller: Caller, administration: str, state: State) -> bool:
    """The administration that sent it, and the court it is delivered to, until that court's competence ends."""
    if caller.kind == "administration":
        return caller.code == administration
    return caller.kind == "tribunal" and state.delivery is not None and state.tribunal == caller.code


def routes(parts: Parts, *, scanning: bool) -> APIRouter:
    """`GET /v1/dossiers/{id}`, its author's address, and the dossiers that are to be sent again."""
    router = APIRouter(tags=["dossiers"])

    @router.get("/v1/lost-dossiers", summary="Les dossiers à renvoyer")
    async def lost_dossiers(
        caller: Annotated[Caller, Depends(only("administration", "operator"))],
    ) -> dict[str, Any]:
        administration = caller.code if caller.kind == "administration" else None
        async with parts.engine.connect() as connection:
            return {"dossiers": await lost_store.lost(connection, administration)}

    @router.get("/v1/dossiers/{id}", summary="Le dossier tel que déposé")
    async def dossier(
        id: UUID,  # noqa: A002 - the name in the path
        caller: Annotated[Caller, Depends(only("administration", "tribunal"))],
    ) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            return await _read(parts, id, "dossier", caller, scanning=scanning)

        return await found(parts, look, UNKNOWN)

    @router.get("/v1/dossiers/{id}/contact", summary="À qui écrire au sujet du dossier")
    async def contact(
        id: UUID,  # noqa: A002
        caller: Annotated[Caller, Depends(only("service"))],
    ) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            return await _read(parts, id, "contact", caller, scanning=scanning)

        author = (await found(parts, look, UNKNOWN)).get("author", {})
        return {"name": author.get("name"), "email": author.get("email")}

    return router


async def found(parts: Parts, look: Callable[[], Awaitable[T | None]], unknown: NotFound) -> T:
    """What `look` finds, now or within the time to catch up; a 404 Problem after it."""
    one = await first_found(parts.facts_applied, look, CATCH_UP_SECONDS)
    if one is None:
        raise Problem(404, unknown.kind, unknown.detail, headers={"Retry-After": "5"})
    return one


async def _read(parts: Parts, one: UUID, part: str, caller: Caller, *, scanning: bool) -> dict[str, Any] | None:
    async with parts.transactions.begin() as transaction:
        procedure = await store.find(transaction.connection, one)
        if procedure is None:
            return None
        if caller.kind != "service" and not may_read(caller, procedure.administration, procedure.state):
            return None
        content = await store.content(transaction.connection, one)
        if content is None and await lost_store.is_lost(transaction.connection, one):
            detail = "Le dossier a été perdu avec la base du service ; son administration doit le renvoyer."
            raise Problem(409, "dossier-lost", detail)
        if content is None:
            return None
        attached = await attaching_store.attached(transaction.connection, one)
        added = await additions_store.added_to(transaction.connection, one, attached)
        await store.record_reading(transaction, one, part, caller)
    attachments = [as_json(each, scanning=scanning) for each in attached]
    more = {"supplements": added.supplements, "withdrawal": added.withdrawal, "attachments": attachments}
    return _shown(procedure) | content | more


def _shown(procedure: Procedure) -> dict[str, Any]:
    return {
        "id": procedure.id,
        "number": procedure.state.number,
        "administration": procedure.administration,
        "submitted_at": procedure.submitted_at,
    }
