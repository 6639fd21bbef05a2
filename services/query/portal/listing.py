"""Lists of procedures as pages: urgent ones first, each group from the newest to the oldest; and the court's inbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from infoparquet_contracts.codes import Kind, Status
from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.clock import new_id
from chassis.database import among
from chassis.problems import Problem
from services.query import feed_store, views_store
from services.query.answers import show_page, show_rows
from services.query.cursor import read_cursor, write_cursor, write_place
from services.query.feed_store import Scope
from services.query.filters import Filters
from services.query.portal import sessions
from services.query.portal.shell import Shell, see_other
from services.query.portal.visits import NotSignedIn, Visit
from services.query.rights import Sight
from services.query.rows import Criteria
from services.query.search import Mark, Row, search
from services.query.store import procedures

_INBOX_LIMIT: Final = 50
# Addresses bear another length of the page than this one.
_USUAL: Final = ("limit", str(Filters.model_fields["limit"].default))
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


@dataclass(frozen=True, slots=True)
class RefusedView:
    """A view that could not be saved: its name as it was typed, and why not."""

    name: str
    why: str
    status: int


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
        return await show_list(shell, visit, filters)

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


async def show_list(shell: Shell, visit: Visit, filters: Filters, refused: RefusedView | None = None) -> Response:
    """What the filters leave of what the person sees; `refused` is a view that could not just be saved."""
    criteria = filters.criteria(shell.words())
    async with shell.parts.engine.connect() as connection:
        after = await feed_store.end(connection, Scope(visit.sight))
        found = await _page(connection, visit, criteria, filters.cursor, filters.limit)
        views = await views_store.of_person(connection, visit.caller)
    page, asked = show_page(found.rows, found.next, criteria.q, shell.names()), as_asked(filters.as_sent)
    return shell.show(
        visit,
        "list.html",
        rows=page["procedures"],
        corrected=page["corrected"],
        ignored=page["ignored"],
        kinds=_KINDS,
        asked=asked,
        statuses=list(Status),
        following=_following(asked, found.next),
        first=address_of(asked),
        is_first=filters.cursor is None,
        views=[(one, as_asked(one.filters)) for one in views],
        address_of=address_of,
        refused=refused,
        after=write_place(after),
        news="delivered" if visit.is_court else "submitted",
        status=200 if refused is None else refused.status,
    )


async def show_inbox(
    shell: Shell, visit: Visit, *, cursor: str | None = None, done: int = 0, refused: Sequence[Mapping[str, str]] = ()
) -> Response:
    """What waits for the court to take it in hand; `refused` is what it could not just be said of."""
    now = shell.parts.clock()
    async with shell.parts.engine.connect() as connection:
        after, inbox = await feed_store.end(connection, Scope(visit.sight)), waiting(visit.caller.code)
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
        first="/inbox",
        is_first=cursor is None,
        after=write_place(after),
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


def as_asked(filters: Mapping[str, Any]) -> Mapping[str, str]:
    """Filters as addresses and forms bear them, whichever page it is."""
    said = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in filters.items()}
    return {name: value for name, value in said.items() if name != "cursor" and (name, value) != _USUAL}


def address_of(asked: Mapping[str, str]) -> str:
    """Of the list's first page."""
    return f"/?{urlencode(asked)}" if asked else "/"


def _following(asked: Mapping[str, str], cursor: str | None, path: str = "/") -> str | None:
    return None if cursor is None else f"{path}?{urlencode({**asked, 'cursor': cursor})}"
