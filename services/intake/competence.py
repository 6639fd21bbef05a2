"""Asks routing which court is competent, for `POST /v1/procedures:check`; an answer that does not come is none."""

from typing import Any

import httpx
import structlog
from infoparquet_contracts.codes import Ground

from chassis.errors import Unavailable
from chassis.service_token import ServiceToken
from services.intake.checking import Remark
from services.intake.submission import Submission

log = structlog.get_logger()

LIMIT_SECONDS = 2.0
_SIDES = {True: "inside", False: "outside", None: "unknown"}
UNAVAILABLE = Remark(
    "", "competence-unavailable", "Le tribunal compétent n’a pas pu être déterminé pour l’instant ; réessayez."
)


class RoutingService:
    """Routing, over HTTP."""

    def __init__(self, url: str, token: ServiceToken) -> None:
        self._url = url
        self._token = token

    async def competence(self, submission: Submission) -> dict[str, Any] | None:
        """As routing's `GET /v1/competence` answers; None while it does not."""
        try:
            async with httpx.AsyncClient(timeout=LIMIT_SECONDS, verify=self._token.tls) as client:
                answer = await client.get(
                    f"{self._url}/v1/competence", params=question(submission), headers=await self._token.bearer()
                )
            found = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError, Unavailable) as error:
            log.warning("competence.unavailable", error=type(error).__name__)
            return None
        return found if isinstance(found, dict) else None


def question(submission: Submission) -> tuple[tuple[str, str], ...]:
    """The query; the places of the facts come first, as they decide first (CPP art. 43)."""
    places = sorted(submission.places, key=lambda place: place.ground is not Ground.FACTS)
    grounds = [
        pair
        for place in places
        # A place without a commune is asked about too: it is a reason of its own.
        for pair in (
            ("commune", place.commune or ""),
            ("ground", place.ground.value),
            ("aerodrome", _SIDES[place.aerodrome]),
        )
    ]
    codes = [("natinf", code) for code in submission.natinf] + [("nataff", code) for code in submission.nataff]
    return (*grounds, *codes, ("kind", submission.kind.value))
