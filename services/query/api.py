"""Where procedures stand: the list with its filters, one procedure with its timeline, the table of statuses."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from infoparquet_contracts.identifiers import UUID_PATTERN, Number
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement

from chassis.doorbell import first_found
from chassis.identity import AnyCaller
from chassis.problems import FieldError, Problem
from chassis.service import Parts
from reference.names import Names
from services.query import store
from services.query.answers import show_page, show_procedure, show_relatives, show_statuses
from services.query.cursor import read_cursor, write_cursor
from services.query.filters import Filters
from services.query.related import Occurrence, occurrence_of
from services.query.related_store import Relatives, find_relatives
from services.query.rights import NoRole, Sight, as_seen, sight_of
from services.query.rows import view_of
from services.query.search import Mark, search
from services.query.store import procedures
from services.query.timeline import Procedure
from services.query.words import Words

# Seconds that a status is waited for, as it may be asked for right after the procedure was accepted.
PATIENCE: Final = 5.0
AS_OF: Final = "Infoparquet-As-Of"
_NUMBER: Final = TypeAdapter(Number)


async def sight(caller: AnyCaller) -> Sight:
    """What the caller may see; 403 as a problem where its roles let it see nothing."""
    try:
        return sight_of(caller)
    except NoRole:
        raise wrong_role() from None


def wrong_role() -> Problem:
    """403: the caller's roles let it see nothing."""
    return Problem(403, "wrong-role", "Votre rôle ne donne pas accès au suivi des procédures.")


WithSight = Annotated[Sight, Depends(sight)]


def routes(
    parts: Parts,
    names: Callable[[], Names],
    words: Callable[[], Words],
    as_of: Callable[[], datetime | None],
    *,
    patience: float = PATIENCE,
) -> APIRouter:
    """Lists, procedures and statuses; `as_of` is the time of the newest fact that they show for certain."""

    async def fresh(response: Response) -> None:
        response.headers.update(freshness(as_of()))

    router = APIRouter(tags=["suivi"], dependencies=[Depends(fresh)])

    @router.get("/v1/procedures", summary="Les procédures, de la plus récente à la plus ancienne")
    async def find_procedures(sight: WithSight, filters: Annotated[Filters, Query()]) -> dict[str, Any]:
        after = None if filters.cursor is None else _mark(filters.cursor)
        criteria = filters.criteria(words())
        async with parts.engine.connect() as connection:
            # One more than asked for tells whether another page follows.
            rows = await search(connection, sight, criteria, after=after, limit=filters.limit + 1)
        page = rows[: filters.limit]
        following = write_cursor(Mark(page[-1].submitted_at, page[-1].id)) if len(rows) > len(page) else None
        return show_page(page, following, criteria.q, names())

    @router.get("/v1/procedures/{which}", summary="Une procédure et sa chronologie, par son identifiant ou son numéro")
    async def procedure(which: Annotated[str, Path(max_length=64)], sight: WithSight) -> dict[str, Any]:
        found = as_seen(sight, await find_soon(parts, which, sight, patience))
        relatives = await relatives_now(parts, sight, occurrence_of(found))
        return show_procedure(found, names()) | show_relatives(relatives)

    @router.get("/v1/statuses", summary="Les états d’une procédure et ceux qui peuvent les suivre")
    async def statuses() -> dict[str, Any]:
        return {"statuses": show_statuses()}

    return router


async def find_soon(parts: Parts, which: str, sight: Sight, patience: float) -> Procedure:
    """The procedure, waited for where it is not known yet. Raises Problem where the caller may see none."""
    wanted = _named(which)

    found = await first_found(parts.facts_applied, lambda: find_now(parts, wanted, sight), patience)
    if found is None:
        raise _unknown(**{"Retry-After": "2"})
    return found


async def find_now(parts: Parts, wanted: ColumnElement[bool], sight: Sight) -> Procedure | None:
    """The procedure for which the condition holds, None where the caller may see none."""
    async with parts.engine.connect() as connection:
        return await store.find(connection, wanted, view_of(sight).condition)


async def relatives_now(parts: Parts, sight: Sight, one: Occurrence | None) -> Relatives:
    """Of the others that the caller may see, those that seem to be about the same facts."""
    async with parts.engine.connect() as connection:
        return await find_relatives(connection, sight, one)


def freshness(newest: datetime | None) -> dict[str, str]:
    """The header that says it, none while nothing is known."""
    return {} if newest is None else {AS_OF: newest.isoformat().replace("+00:00", "Z")}


def _named(which: str) -> ColumnElement[bool]:
    if re.fullmatch(UUID_PATTERN, which.lower()):
        return procedures.c.id == UUID(which)
    try:
        return procedures.c.number == _NUMBER.validate_python(which.upper())
    except ValidationError:
        # Neither an id nor a number can have this form, so there is nothing to wait for.
        raise _unknown() from None


def _unknown(**headers: str) -> Problem:
    detail = "Aucune procédure visible pour votre organisation ne porte cet identifiant ou ce numéro."
    return Problem(404, "unknown-procedure", detail, headers=headers)


def _mark(cursor: str) -> Mark:
    try:
        return read_cursor(cursor)
    except ValueError:
        fault = FieldError("/cursor", "Ce curseur n’a pas été donné par une page précédente.")
        raise Problem(400, "invalid-request", "La requête comporte une erreur.", [fault]) from None
