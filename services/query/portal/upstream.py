"""What other services know or are told, with the person's own token: this service has no more rights than they."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx

from chassis.errors import Unavailable
from chassis.tls import trusted
from services.query.portal.visits import Visit

LIMIT_SECONDS: Final = 10.0
_CALLS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Told:
    """The other service took what it was told; `answer` is what it said."""

    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declined:
    """It did not: why, and at which fields (by name, without the JSON pointer's slash)."""

    status: int
    detail: str
    fields: Mapping[str, str]


@dataclass
class Upstream:
    """One other service at its address. Raises Unavailable(name) where it does not answer."""

    name: str
    url: str
    _calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CALLS_AT_ONCE))

    async def read(self, visit: Visit, path: str) -> Mapping[str, Any] | None:
        """What stands there, None where the person may not know or there is nothing."""
        async with self._client(visit) as client:
            answer = await client.get(path)
        if answer.status_code in (403, 404):
            return None
        return self._content(answer)

    async def tell(
        self, visit: Visit, path: str, body: Mapping[str, Any], key: str, *, wait: int | None = None
    ) -> Told | Declined:
        """One POST under an idempotency key: told twice, it is one. `wait` asks for seconds of patience (RFC 7240)."""
        headers = {"Idempotency-Key": key} | ({"Prefer": f"wait={wait}"} if wait else {})
        async with self._calls, self._client(visit) as client:
            answer = await client.post(path, json=body, headers=headers)
        if answer.is_success:
            return Told(self._content(answer))
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(self.name)
        return _declined(answer)

    @contextlib.asynccontextmanager
    async def stream(self, visit: Visit, path: str) -> AsyncIterator[httpx.Response]:
        """An answer whose body is read piece by piece."""
        plain = {"Accept-Encoding": "identity"}
        async with self._client(visit) as client, client.stream("GET", path, headers=plain) as answer:
            yield answer

    @contextlib.asynccontextmanager
    async def _client(self, visit: Visit) -> AsyncIterator[httpx.AsyncClient]:
        try:
            async with httpx.AsyncClient(
                base_url=self.url, headers=visit.bearer, timeout=LIMIT_SECONDS, verify=trusted()
            ) as client:
                yield client
        except httpx.HTTPError as error:
            raise Unavailable(self.name) from error

    def _content(self, answer: httpx.Response) -> Mapping[str, Any]:
        try:
            content = answer.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError) as error:
            raise Unavailable(self.name) from error
        return content if isinstance(content, dict) else {}


def _declined(answer: httpx.Response) -> Declined:
    try:
        problem = answer.json()
        return Declined(answer.status_code, str(problem["detail"]), by_field(problem.get("errors", [])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Declined(answer.status_code, "La demande a été refusée.", {})


def by_field(errors: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    """What is wrong, by the pointer without its slash."""
    return {str(one["pointer"]).lstrip("/"): str(one["detail"]) for one in errors}


def dossier_path(procedure: UUID) -> str:
    """Of intake."""
    return f"/v1/dossiers/{procedure}"
