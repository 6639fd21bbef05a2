"""The feed of facts, to be pulled page by page; each organisation's own."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.problems import FieldError, Problem
from chassis.service import Parts
from reference.names import Names
from services.query import feed_store
from services.query.answers import show_fact
from services.query.api import WithSight, freshness
from services.query.cursor import read_place, write_place
from services.query.fanout import Fanout
from services.query.feed_store import BEGINNING, OtherFeed, Place, Row, Scope

LONGEST_CURSOR: Final = 64


def routes(parts: Parts, names: Callable[[], Names], fanout: Fanout) -> APIRouter:
    """The feed's route."""
    router = APIRouter(tags=["suivi"])

    @router.get("/v1/facts", summary="Les faits de votre organisation, dans un ordre qui ne change pas")
    async def facts(
        sight: WithSight,
        response: Response,
        after: Annotated[
            str | None, Query(max_length=LONGEST_CURSOR, description="Le « next » de la page précédente.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="Nombre de faits par page.")] = 200,
    ) -> dict[str, Any]:
        place = BEGINNING if not after else place_of(after, "/after")
        response.headers.update(freshness(fanout.newest))
        async with parts.engine.connect() as connection:
            # One more than asked for tells whether another page follows.
            rows = await read_after(connection, Scope(sight), place, limit + 1)
        page = rows[:limit]
        return {
            "facts": [show_fact(row, names()) for row in page],
            "next": write_place(page[-1].place if page else place),
            "more": len(rows) > len(page),
        }

    return router


async def read_after(connection: AsyncConnection, scope: Scope, after: Place, limit: int) -> list[Row]:
    """The next rows, `limit` at most. Raises Problem where the place is of another feed."""
    try:
        return await feed_store.read(connection, scope, after, limit)
    except OtherFeed:
        detail = (
            "Ce curseur n’est pas de ce flux : la base du suivi a été restaurée ou remplacée depuis qu’il a été donné. "
            "Reprenez sans curseur, depuis le début du flux, en écartant par leur « id » les faits déjà reçus."
        )
        raise Problem(410, "cursor-gone", detail) from None


def place_of(cursor: str, pointer: str) -> Place:
    """What a cursor says, which the request has at `pointer`. Raises Problem."""
    try:
        return read_place(cursor)
    except ValueError:
        fault = FieldError(pointer, "Ce curseur n’a pas été donné par le flux des faits.")
        raise Problem(400, "invalid-request", "La requête comporte une erreur.", [fault]) from None
