"""The procedures of a campaign, posted through intake with idempotency keys, again on any doubt until there is a 202.

What a procedure should come to is written in its reference's number, which courts read as well.
"""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from cli.faults.system import Campaigned

COMMUNES = ("33063", "59350", "97411")
COURTS = ("tj33063", "tj59350", "tj97411")
ADMINISTRATION = "administration:dreal-33"
# Facts that its author has a mail about.
TOLD = ("numbered", "acknowledged")
_UNROUTABLE_EVERY, _REGISTERED_EVERY = 7, 3
_POSTERS = 3
_BETWEEN_SECONDS = 0.4
_AGAIN_SECONDS = 0.3
_LIMIT_SECONDS = 10.0
# In flight elsewhere, too many, or the service cannot: it may have been taken in, or not.
_DOUBTS = (409, 429, 500, 502, 503, 504)


class Refused(Exception):  # noqa: N818 - its message, in French, is for people
    """Intake refuses what it should take."""


def answers_to(reference: str) -> Sequence[str]:
    """The facts its court says of a procedure."""
    number = int(reference.rpartition("-")[2])
    return ("acknowledged", "registered") if number % _REGISTERED_EVERY == 0 else ("acknowledged",)


def _has_a_court(number: int) -> bool:
    return number % _UNROUTABLE_EVERY != 0


def _comes_to(number: int, reference: str) -> Sequence[str]:
    if not _has_a_court(number):
        return ("submitted", "numbered", "unroutable")
    return ("submitted", "numbered", "routed", "delivered", *answers_to(reference))


@dataclass
class Traffic:
    """`accepted` holds what each procedure that got a 202 should come to; `doubts` counts the requests sent again."""

    system: Campaigned
    client: httpx.AsyncClient
    seed: int
    accepted: dict[UUID, Sequence[str]] = field(default_factory=dict)
    doubts: int = 0
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _stopping: bool = False

    async def flow(self) -> None:
        """Procedures, until `stop`; those begun are brought to their 202. Raises Refused."""
        await asyncio.gather(*(self._keep_posting() for _ in range(_POSTERS)))

    def stop(self) -> None:
        """No other procedure is begun."""
        self._stopping = True

    async def probe(self) -> UUID:
        """One more procedure, with a court."""
        return await self._post(next(number for number in self._numbers if _has_a_court(number)))

    async def _keep_posting(self) -> None:
        while not self._stopping:
            await self._post(next(self._numbers))
            await asyncio.sleep(_BETWEEN_SECONDS)

    async def _post(self, number: int) -> UUID:
        reference = f"FAULTS-{self.seed}-{number}"
        answer = await self._until_accepted(reference, _body(number, reference))
        procedure = UUID(answer["id"])
        self.accepted[procedure] = _comes_to(number, reference)
        return procedure

    async def _until_accepted(self, reference: str, body: dict[str, Any]) -> dict[str, Any]:
        while True:
            headers = {**self.system.bearer(ADMINISTRATION), "Idempotency-Key": reference}
            try:
                url = f"{self.system.urls('intake')[0]}/v1/procedures"
                answer = await self.client.post(url, json=body, headers=headers, timeout=_LIMIT_SECONDS)
                if answer.status_code == httpx.codes.ACCEPTED:
                    accepted: dict[str, Any] = answer.json()
                    return accepted
                if answer.status_code not in _DOUBTS:
                    raise Refused(f"Le dépôt de {reference} est refusé ({answer.status_code}) : {answer.text}")
            except httpx.TransportError:
                pass
            self.doubts += 1
            await asyncio.sleep(_AGAIN_SECONDS)


def _body(number: int, reference: str) -> dict[str, Any]:
    place: dict[str, Any] = {"ground": "facts", "commune": COMMUNES[number % len(COMMUNES)]}
    if not _has_a_court(number):
        place = {"ground": "facts", "commune": None, "text": "en ligne, site hébergé à l’étranger"}
    return {
        "reference": reference,
        "kind": "report",
        "facts": {"summary": "Dépôt sauvage constaté."},
        "places": [place],
        "nataff": ["J5"],
        "author": {"email": "agent@dreal-33.example"},
    }
