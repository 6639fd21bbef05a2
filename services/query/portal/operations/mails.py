"""`/operations/deliveries`: the notifications that were given up, and another chance for each."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from infoparquet_contracts.codes import NotificationFailure, Status

from chassis.clock import new_id
from services.query.portal.operations.desk import Desk
from services.query.portal.shell import see_other
from services.query.portal.upstream import Declined
from services.query.portal.visits import Visit

PATH: Final = "/operations/deliveries"
_SHOWN: Final = 50
_FAILURES: Final[Mapping[str, str]] = {one.value: one.label for one in NotificationFailure}

_FACTS: Final[Mapping[str, str]] = {one.value: one.label for one in Status} | {
    "document-infected": "Programme malveillant détecté"
}


def routes(desk: Desk) -> APIRouter:
    """The list, and `POST …/{id}/retry`."""
    router = APIRouter(include_in_schema=False, route_class=desk.shell.route)

    @router.get(PATH)
    async def failed(request: Request, cursor: str | None = None, retried: bool = False) -> Response:
        return await _show(desk, request, await desk.visit(request), cursor, retried=retried)

    @router.post(f"{PATH}/{{id}}/retry")
    async def retry(request: Request, id: UUID) -> Response:  # noqa: A002 - the name in the path
        visit, form = await desk.posted(request)
        outcome = await desk.service(request, "notify").tell(visit, f"/v1/deliveries/{id}/retry", {}, form.key)
        if isinstance(outcome, Declined):
            return await _show(desk, request, visit, None, refusal=outcome)
        return see_other(f"{PATH}?retried=true#said")

    return router


async def _show(
    desk: Desk,
    request: Request,
    visit: Visit,
    cursor: str | None,
    *,
    retried: bool = False,
    refusal: Declined | None = None,
) -> Response:
    asked = urlencode({"limit": _SHOWN} | ({"cursor": cursor} if cursor else {}))
    page = await desk.page(request, "notify", visit, f"/v1/failed-deliveries?{asked}")
    return desk.shell.show(
        visit,
        "operations/deliveries.html",
        status=refusal.status if refusal else 200,
        rows=page["deliveries"],
        failures=_FAILURES,
        facts=_FACTS,
        key=str(new_id()),
        retried=retried,
        refusal=refusal,
        first=PATH if cursor else None,
        following=page["next"] and f"{PATH}?{urlencode({'cursor': page['next']})}",
    )
