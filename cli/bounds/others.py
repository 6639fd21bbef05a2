"""Ordinary clients, who post, look at a procedure and at lists, and an operator, while something heavy goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from cli.bench_measures import PATH, Load, System, Unmeasured, spread

ADMINISTRATION = "administration:bench-others"
_PAUSE_SECONDS = 0.1
_LONGEST_ANSWER = 60.0


@dataclass
class Served:
    """Milliseconds of each answer by what was asked."""

    times: dict[str, list[float | None]] = field(default_factory=dict)

    def spread(self) -> dict[str, dict[str, float]]:
        """p50 and p99 by what was asked."""
        return {what: spread(times) for what, times in self.times.items()}


class Others:
    """One of each kind of client, on connections that are kept."""

    def __init__(self, system: System, load: Load) -> None:
        self._system = system
        self._load = load
        self._headers = system.headers(ADMINISTRATION)
        self._operator = system.headers("operator")
        self._known = ""

    async def prepare(self, patience: float) -> None:
        """Have one procedure that they know. Raises Unmeasured."""
        key, body, _ = self._load.next()
        async with httpx.AsyncClient(timeout=_LONGEST_ANSWER, trust_env=False) as client:
            headers = self._headers | {"Idempotency-Key": f"others-{key}"}
            answer = await client.post(f"{self._system.url('intake')}{PATH}", json=body, headers=headers)
            self._known = answer.raise_for_status().json()["id"]
            until = time.perf_counter() + patience
            while (await client.send(self._requests(client)["get"])).status_code != httpx.codes.OK:
                if time.perf_counter() > until:
                    raise Unmeasured("La procédure témoin n’est pas visible à temps.")

    @asynccontextmanager
    async def meanwhile(self) -> AsyncIterator[Served]:
        """What they were answered while the block lasts. Raises Unmeasured where one was refused or not answered."""
        served, over = Served(), asyncio.Event()
        asking = asyncio.create_task(self._ask(served, over))
        try:
            yield served
        finally:
            over.set()
            await asking

    async def for_a_while(self, seconds: float) -> Served:
        """While nothing else goes on."""
        async with self.meanwhile() as served:
            await asyncio.sleep(seconds)
        return served

    async def _ask(self, served: Served, over: asyncio.Event) -> None:
        async with httpx.AsyncClient(timeout=_LONGEST_ANSWER, trust_env=False) as client:
            while not over.is_set() or not served.times:
                for what, request in self._requests(client).items():
                    began = time.perf_counter()
                    try:
                        answer = await client.send(request)
                    except httpx.TransportError as error:
                        raise Unmeasured(f"{what} : sans réponse ({type(error).__name__}).") from None
                    if not answer.is_success:
                        raise Unmeasured(f"{what} a répondu {answer.status_code} : {answer.text}")
                    served.times.setdefault(what, []).append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(_PAUSE_SECONDS)

    def _requests(self, client: httpx.AsyncClient) -> dict[str, httpx.Request]:
        key, body, _ = self._load.next()
        intake, query, routing, notify = (self._system.url(name) for name in ("intake", "query", "routing", "notify"))
        keyed = self._headers | {"Idempotency-Key": f"others-{key}"}
        looked_at = {
            "get": (f"{query}{PATH}/{self._known}", self._headers, {}),
            "list": (f"{query}{PATH}", self._headers, {"limit": "50"}),
            "urgent": (f"{query}{PATH}", self._operator, {"urgent": "true", "status": "delivered"}),
            "queue": (f"{routing}/v1/unroutable", self._operator, {}),
            "mails": (f"{notify}/v1/deliveries", self._operator, {"procedure": self._known}),
            "letters": (f"{query}/v1/dead-letters", self._operator, {}),
            "said": (f"{intake}/v1/reconciliation", self._operator, {"limit": "100"}),
            "positions": (f"{query}/v1/positions", self._operator, {}),
        }
        asked = {
            what: client.build_request("GET", url, headers=headers, params=parameters)
            for what, (url, headers, parameters) in looked_at.items()
        }
        return asked | {"post": client.build_request("POST", f"{intake}{PATH}", json=body, headers=keyed)}
