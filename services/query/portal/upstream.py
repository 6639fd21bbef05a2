"""What other services know or are told, with the person's own token: this service has no more rights than they."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

import httpx

from chassis.errors import Unavailable
from chassis.tls import trusted
from services.query.portal.visits import Visit

LIMIT_SECONDS: Final = 10.0
# Without a step forward, when a document is passed on: what came is made durable meanwhile.
PASSING_SECONDS: Final = 60.0
_CALLS_AT_ONCE: Final = 8
_NAMED: Final[Mapping[str, str]] = {"intake": "Le service des dossiers", "routing": "Le service d’orientation"}


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
    """One other service at its address. Raises Unavailable(name) where it does not answer.

    `transport` leads to it where no address does; `limit` is in seconds.
    """

    name: str
    url: str
    limit: float = LIMIT_SECONDS
    transport: httpx.AsyncBaseTransport | None = None
    _calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CALLS_AT_ONCE))

    async def read(self, visit: Visit, path: str) -> Mapping[str, Any] | None:
        """What stands there, None where the person may not know or there is nothing."""
        async with self._client(visit) as client:
            answer = await client.get(path)
        if answer.status_code in (400, 403, 404):
            return None
        return self._content(answer)

    async def read_rows(self, visit: Visit, path: str) -> Sequence[Mapping[str, Any]]:
        """The same of what is a list, and is the person's to know."""
        async with self._client(visit) as client:
            rows = self._json(await client.get(path))
        return rows if isinstance(rows, list) else []

    async def tell(
        self, visit: Visit, path: str, body: Mapping[str, Any], key: str, *, wait: int | None = None
    ) -> Told | Declined:
        """One POST under an idempotency key: told twice, it is one. `wait` asks for seconds of patience (RFC 7240)."""
        headers = {"Idempotency-Key": key} | ({"Prefer": f"wait={wait}"} if wait else {})
        return await self.call(visit, "POST", path, body, headers)

    async def call(
        self,
        visit: Visit,
        method: Literal["POST", "PUT", "DELETE"],
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Told | Declined:
        """One request that changes something."""
        async with self._calls, self._client(visit) as client:
            answer = await client.request(method, path, json=body, headers=headers)
        return self._outcome(answer)

    async def pass_on(
        self, visit: Visit, path: str, content: AsyncIterator[bytes], headers: Mapping[str, str]
    ) -> Told | Declined:
        """A body of any length, as it comes."""
        async with self._client(visit) as client:
            answer = await client.post(path, content=content, headers=headers, timeout=PASSING_SECONDS)
        return self._outcome(answer)

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
                base_url=self.url,
                headers=visit.bearer,
                timeout=self.limit,
                verify=trusted(),
                transport=self.transport,
            ) as client:
                yield client
        except httpx.HTTPError as error:
            raise Unavailable(self.name) from error

    def _outcome(self, answer: httpx.Response) -> Told | Declined:
        if answer.is_success:
            return Told(self._content(answer) if answer.content else {})
        if answer.is_server_error and answer.status_code != httpx.codes.INSUFFICIENT_STORAGE:
            raise Unavailable(self.name)
        return _declined(answer)

    def _content(self, answer: httpx.Response) -> Mapping[str, Any]:
        content = self._json(answer)
        return content if isinstance(content, dict) else {}

    def _json(self, answer: httpx.Response) -> Any:  # noqa: ANN401 - as the other service has it
        try:
            return answer.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError) as error:
            raise Unavailable(self.name) from error


async def answered(telling: Awaitable[Told | Declined]) -> Told | Declined:
    """What a service says, or that it says nothing: it may have heard, so it is told again under the same key."""
    try:
        return await telling
    except Unavailable as error:
        detail = f"{_NAMED[error.dependency]} ne répond pas : recommencez, rien ne sera fait deux fois."
        return Declined(503, detail, {})


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
