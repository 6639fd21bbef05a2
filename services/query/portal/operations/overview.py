"""`/operations`: what waits in each of the five services; and how far each has read."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from services.query.portal.operations.desk import LABELS, Desk, answers
from services.query.portal.operations.standing import COUNTED, Reading, counted, reading_of
from services.query.portal.upstream import Upstream
from services.query.portal.visits import Visit

LETTERS: Final = "/v1/dead-letters"
_POSITIONS: Final = "/v1/positions"


def routes(desk: Desk) -> APIRouter:
    """The overview, and the positions."""
    router = APIRouter(include_in_schema=False, route_class=desk.shell.route)

    @router.get("/operations")
    async def overview(request: Request) -> Response:
        visit = await desk.visit(request)
        services = desk.services(request)
        asked = {
            "queue": services["routing"].read(visit, "/v1/unroutable?limit=1"),
            "mails": services["notify"].read(visit, f"/v1/failed-deliveries?limit={COUNTED}"),
            **{f"letters {name}": one.read(visit, f"{LETTERS}?limit={COUNTED}") for name, one in services.items()},
            **{f"reading {name}": _reading(visit, one) for name, one in services.items()},
        }
        said: Mapping[str, Any] = await answers(asked)
        return desk.shell.show(
            visit,
            "operations/overview.html",
            waiting=said["queue"] and str(said["queue"]["waiting"]),
            mails=said["mails"] and counted(said["mails"], "deliveries"),
            lines=[
                (name, label, _letters(said[f"letters {name}"]), said[f"reading {name}"])
                for name, label in LABELS.items()
            ],
        )

    @router.get("/operations/positions")
    async def positions(request: Request) -> Response:
        visit = await desk.visit(request)
        said = await answers({name: _reading(visit, one) for name, one in desk.services(request).items()})
        readings = [(name, label, said[name]) for name, label in LABELS.items()]
        return desk.shell.show(visit, "operations/positions.html", readings=readings)

    return router


async def _reading(visit: Visit, service: Upstream) -> Reading:
    return reading_of(await service.read_rows(visit, _POSITIONS))


def _letters(page: Mapping[str, Any] | None) -> str | None:
    return None if page is None else counted(page, "dead_letters")
