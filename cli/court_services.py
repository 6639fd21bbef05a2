"""The services as a court's programs ask them over HTTP: replies in words, the follow-up of procedures, dossiers."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from cli.session import Connection

_LOOK_AGAIN_SECONDS = 0.3
# The follow-up itself waits up to 5 s for a procedure it does not know yet.
_LIMIT_SECONDS = 15.0


class Unanswered(Exception):  # noqa: N818 - what answers no, or nothing, in French, is its message
    """A service does not do what was asked."""


class Unknown(Unanswered):
    """It does not exist, or not for this organisation."""


@dataclass(frozen=True, slots=True)
class CourtServices:
    """Speaks for the organisation of its connection."""

    connection: Connection
    client: httpx.AsyncClient

    async def procedure(self, which: str) -> dict[str, Any]:
        """A procedure, by its id or its number. Raises Unanswered."""
        return await self._ask("query", "GET", f"/v1/procedures/{which}")

    async def dossier(self, procedure: UUID) -> dict[str, Any]:
        """A dossier with its attachments. Raises Unanswered, Unknown among it."""
        return await self._ask("intake", "GET", f"/v1/dossiers/{procedure}")

    async def fact_of(self, procedure: UUID, reply: UUID) -> dict[str, Any]:
        """The entry that a reply became in the timeline, as soon as it is there."""
        while True:
            try:
                entries = (await self.procedure(str(procedure)))["timeline"]
            except Unanswered:
                # It may be starting again; whoever waits has a limit.
                entries = []
            for entry in entries:
                if entry["data"].get("reply") == str(reply):
                    found: dict[str, Any] = entry
                    return found
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def reply(self, procedure: UUID, body: dict[str, Any], key: UUID) -> UUID:
        """Answers for the court; the reply's id. Raises Unanswered."""
        made = await self._ask("routing", "POST", f"/v1/procedures/{procedure}/replies", body, key)
        return UUID(made["id"])

    async def redeliver(self, code: str, since: str, key: UUID) -> int:
        """Delivers again what a court was handed since a day; how many messages. Raises Unanswered."""
        made = await self._ask("routing", "POST", f"/v1/tribunals/{code}/redelivery", {"from": since}, key)
        return int(made["messages"])

    async def redecide(self, key: UUID) -> dict[str, Any]:
        """Decides again of all that waits for an operator. Raises Unanswered."""
        return await self._ask("routing", "POST", "/v1/unroutable:decide", key=key)

    async def _ask(
        self, service: str, method: str, path: str, body: dict[str, Any] | None = None, key: UUID | None = None
    ) -> dict[str, Any]:
        headers = self.connection.bearer() | ({"Idempotency-Key": str(key)} if key else {})
        url = httpx.URL(self.connection.address(service)).join(httpx.URL(path=path))
        try:
            answer = await self.client.request(method, url, json=body, headers=headers)
            content: dict[str, Any] = answer.json()
        except (httpx.TransportError, ValueError) as error:
            message = f"Le service {service} ne répond pas : vérifiez son adresse et qu’il est démarré."
            raise Unanswered(message) from error
        if answer.is_error:
            wrong = Unknown if answer.status_code == httpx.codes.NOT_FOUND else Unanswered
            raise wrong(_told(content, answer.status_code))
        return content


def _told(problem: dict[str, Any], status: int) -> str:
    detail = str(problem.get("detail", f"Le service répond {status}."))
    errors = [f"{error['pointer'] or 'le corps'} : {error['detail']}" for error in problem.get("errors", [])]
    return "\n".join([detail, *errors])


def open_client() -> httpx.AsyncClient:
    """To be closed by whoever opens it."""
    return httpx.AsyncClient(timeout=_LIMIT_SECONDS)
