"""Searches that people keep under a name: saved from the list, found beside its box, deleted; each their own."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from chassis.problems import Problem, field_errors
from services.query import views_api
from services.query.filters import Filters, Wanted
from services.query.portal.listing import RefusedView, address_of, as_asked, show_list
from services.query.portal.shell import Shell, see_other
from services.query.portal.visits import Form

_NAMES = [field.alias or name for name, field in Wanted.model_fields.items()]


def routes(shell: Shell) -> APIRouter:
    """`POST /views` and `POST /views/{id}/delete`; both lead back to the list."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    @router.post("/views")
    async def save(request: Request) -> Response:
        visit, form = await shell.visits.posted(request)
        wanted = _wanted(form)
        try:
            view = views_api.View(name=form.one("name"), filters=wanted)
            await views_api.save(shell.parts, visit.caller, view)
        except ValidationError:
            refused = RefusedView(form.one("name"), "Donnez à cette vue un nom de 60 caractères au plus.", 400)
        except Problem as problem:
            refused = RefusedView(form.one("name"), problem.detail, problem.status)
        else:
            return see_other(f"{address_of(as_asked(wanted.as_sent))}#views")
        return await show_list(shell, visit, Filters.model_validate(wanted.as_sent), refused)

    @router.post("/views/{id}/delete")
    async def delete(request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the path
        visit, form = await shell.visits.posted(request)
        await views_api.forget(shell.parts, visit.caller, id)
        return see_other(f"{address_of(as_asked(_wanted(form).as_sent))}#views")

    return router


def _wanted(form: Form) -> Wanted:
    """The filters of the page that the form is on. Raises Problem."""
    try:
        return Wanted.model_validate({name: form.one(name) for name in _NAMES})
    except ValidationError as error:
        faults = field_errors(error.errors())
        raise Problem(400, "invalid-form", "Ces filtres ne sont pas ceux d’une liste.", faults) from None
