"""Lists of procedures as pages: urgent ones first, each group from the newest to the oldest; and the court's inbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from infoparquet_contracts.codes import Kind, Status
from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.clock import new_id
from chassis.database import among
from chassis.problems import Problem
from services.query.answers import show_rows
from services.query.cursor import read_cursor, write_cursor
from services.query.filters import Filters
from services.query.portal import sessions
from services.query.portal.shell import Shell, see_other
from services.query.portal.visits import NotSignedIn, Visit
from services.query.rights import Sight
from services.query.rows import Criteria
from services.query.search import Mark, Row, search
from services.query.store import procedures

_INBOX_LIMIT: Final = 50
_KINDS: Final[Mapping[str, str]] = {kind.value: kind.label for kind in Kind}
_URGENT, _OTHERS = "u", "o"


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, and the cursor of the next."""

    rows: Sequence[Row]
    next: str | None


def waiting(tribunal: str) -> Sequence[ColumnElement[bool]]:
    """What the court has not taken in hand, in the words of the index that holds nothing else."""
    columns = procedures.c
    return (columns.tribunal == tribunal, columns.held, columns.status == literal_column("'delivered'"))


async def urgent_first(
    connection: AsyncConnection,
    sight: Sight,
    criteria: Criteria,
    *,
    cursor: str | None,
    limit: int,
    also: Sequence[ColumnElement[bool]] = (),
) -> Listed:
    """The page that begins at the cursor. Raises ValueError for one that no page gave."""
    group, _, place = (cursor or "").partition(".")
    if group not in ("", _URGENT, _OTHERS):
        raise ValueError(group)
    after = read_cursor(place) if place else None
    groups = [_URGENT, _OTHERS] if criteria.urgent is None else [_URGENT if criteria.urgent else _OTHERS]
    rows: list[Row] = []
    for one in groups[groups.index(group) :] if group in groups else groups:
        asked = replace(criteria, urgent=one == _URGENT)
        # One more than is shown tells whether another page follows.
        rows += await search(connection, sight, asked, after=after, limit=limit + 1 - len(rows), also=also)
        after = None
        if len(rows) > limit:
            break
    shown = rows[:limit]
    return Listed(shown, _cursor(shown[-1]) if len(rows) > limit else None)


def _cursor(row: Row) -> str:
    group = _OTHERS if row.urgency is None else _URGENT
    return f"{group}.{write_cursor(Mark(row.submitted_at, row.id))}"


def routes(shell: Shell) -> APIRouter:
    """`/`, `/inbox` and what is said of it."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.get("/")
    async def procedures_list(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        try:
            visit = await shell.visits.visit(request)
        except NotSignedIn:
            return shell.pages.render("welcome.html", visit=None)
        async with shell.parts.engine.connect() as connection:
            found = await _page(connection, visit, filters.criteria(shell.words()), filters.cursor, filters.limit)
        asked = {name: value for name, value in request.query_params.items() if value and name != "cursor"}
        return shell.show(
            visit,
            "list.html",
            rows=show_rows(found.rows, shell.names()),
            kinds=_KINDS,
            asked=asked,
            statuses=list(Status),
            following=_following(asked, found.next),
            first=f"/?{urlencode(asked)}" if filters.cursor else None,
        )

    @router.get("/inbox")
    async def inbox(request: Request, cursor: str | None = None, done: int = 0) -> Response:
        return await show_inbox(shell, await _court(shell, request), cursor=cursor, done=done)

    @router.post("/inbox/seen")
    async def seen(request: Request) -> Response:
        visit, form = await shell.visits.posted(request)
        try:
            at = min(datetime.fromisoformat(form.one("at")), shell.parts.clock())
        except (ValueError, TypeError):
            raise Problem(400, "invalid-form", "Ce formulaire n’a pas pu être lu.") from None
        async with shell.parts.transactions.begin() as transaction:
            await sessions.look(transaction.connection, visit.person, at)
        return see_other("/inbox")

    return router


async def show_inbox(
    shell: Shell, visit: Visit, *, cursor: str | None = None, done: int = 0, refused: Sequence[Mapping[str, str]] = ()
) -> Response:
    """What waits for the court to take it in hand; `refused` is what it could not just be said of."""
    now = shell.parts.clock()
    async with shell.parts.engine.connect() as connection:
        inbox = waiting(visit.caller.code)
        found = await _page(connection, visit, Criteria(), cursor, _INBOX_LIMIT, also=inbox)
        deliveries = await _deliveries(connection, [row.id for row in found.rows])
        looked_at = await sessions.looked_at(connection, visit.person)
    new = {one for one, (_, at) in deliveries.items() if looked_at is None or at > looked_at}
    return shell.show(
        visit,
        "inbox.html",
        rows=show_rows(found.rows, shell.names()),
        kinds=_KINDS,
        deliveries=deliveries,
        new=new,
        now=now.isoformat(),
        key=str(new_id()),
        done=done,
        refused=refused,
        following=_following({}, found.next, "/inbox"),
        first="/inbox" if cursor else None,
        status=409 if refused else 200,
    )


async def _court(shell: Shell, request: Request) -> Visit:
    visit = await shell.visits.visit(request)
    if not visit.is_court:
        raise Problem(403, "wrong-organisation", "La boîte de réception est celle des tribunaux.")
    return visit


async def _page(
    connection: AsyncConnection,
    visit: Visit,
    criteria: Criteria,
    cursor: str | None,
    limit: int,
    also: Sequence[ColumnElement[bool]] = (),
) -> Listed:
    try:
        return await urgent_first(connection, visit.sight, criteria, cursor=cursor, limit=limit, also=also)
    except ValueError:
        raise Problem(400, "invalid-request", "Cette page de la liste n’existe pas ; revenez à la première.") from None


async def _deliveries(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, tuple[str, datetime]]:
    """The delivery in force of each that has one, and when it came."""
    state = procedures.c.state
    delivery, time = (
        state["delivery"].astext.label("delivery"),
        state["times"][Status.DELIVERED.value].astext.label("time"),
    )
    rows = await connection.execute(select(procedures.c.id, delivery, time).where(among(procedures.c.id, ids)))
    return {row.id: (row.delivery, datetime.fromisoformat(row.time)) for row in rows if row.delivery and row.time}


def _following(asked: Mapping[str, str], cursor: str | None, path: str = "/") -> str | None:
    return None if cursor is None else f"{path}?{urlencode({**asked, 'cursor': cursor})}"
