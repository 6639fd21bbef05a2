"""The sets of filters that the caller keeps: listed, made, changed, deleted; nobody sees another's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints

from chassis.identity import AnyCaller, Caller
from chassis.problems import FieldError, Problem
from chassis.service import Parts
from services.query import views_store
from services.query.api import WithSight
from services.query.filters import PRINTABLE, Wanted
from services.query.views_store import NameTaken, SavedView, TooMany, UnknownView


class View(BaseModel):
    """As it is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=PRINTABLE)]
    filters: Wanted


def routes(parts: Parts) -> APIRouter:
    """The service's routes."""
    router = APIRouter(tags=["vues"])

    @router.get("/v1/views", summary="Vos vues enregistrées")
    async def saved(caller: AnyCaller, _: WithSight) -> dict[str, Any]:
        async with parts.engine.connect() as connection:
            return {"views": [_shown(one) for one in await views_store.of_person(connection, caller)]}

    @router.post("/v1/views", summary="Enregistre une vue", status_code=201)
    async def save_view(view: View, caller: AnyCaller, _: WithSight) -> dict[str, Any]:
        return _shown(await save(parts, caller, view))

    @router.put("/v1/views/{id}", summary="Remplace une vue")
    async def replace_view(id: UUID, view: View, caller: AnyCaller, _: WithSight) -> dict[str, Any]:  # noqa: A002
        with _refused():
            async with parts.transactions.begin() as transaction:
                changed = SavedView(id, view.name, view.filters.as_sent, transaction.now)
                await views_store.replace(transaction.connection, caller, changed)
        return _shown(changed)

    @router.delete("/v1/views/{id}", summary="Supprime une vue", status_code=204)
    async def delete_view(id: UUID, caller: AnyCaller, _: WithSight) -> None:  # noqa: A002 - the name in the path
        await forget(parts, caller, id)

    return router


async def save(parts: Parts, caller: Caller, view: View) -> SavedView:
    """Keep it for the caller. Raises Problem."""
    with _refused():
        async with parts.transactions.begin() as transaction:
            made = SavedView(transaction.new_id(), view.name, view.filters.as_sent, transaction.now)
            await views_store.save(transaction.connection, caller, made)
    return made


async def forget(parts: Parts, caller: Caller, view: UUID) -> None:
    """Keep it no longer. Raises Problem."""
    with _refused():
        async with parts.transactions.begin() as transaction:
            await views_store.forget(transaction.connection, caller, view)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except UnknownView:
        raise Problem(404, "unknown-view", "Aucune de vos vues ne porte cet identifiant.") from None
    except NameTaken:
        fault = FieldError("/name", "Ce nom est celui d’une autre de vos vues.")
        raise Problem(409, "view-name-taken", "Vous avez déjà une vue de ce nom.", [fault]) from None
    except TooMany:
        detail = f"Vous avez déjà {views_store.MOST} vues enregistrées : supprimez-en une d’abord."
        raise Problem(409, "too-many-views", detail) from None


def _shown(view: SavedView) -> dict[str, Any]:
    return {"id": view.id, "name": view.name, "filters": view.filters, "changed_at": view.changed_at}
