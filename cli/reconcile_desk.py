"""Compares what each service said with what the journal brought back and what the others hold, and has it mended."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import httpx

JOURNAL = "journal"
# Services show procedures anew from nothing: a timeline with a gap cannot be filled at its place.
SHOWN_ANEW = "query"
_AT_ONCE = 1000
_LOOK_SECONDS = 0.2


class Failure(Exception):  # noqa: N818 - its message, in French, says what failed
    """A service refuses, or does not answer."""


@dataclass(frozen=True, slots=True)
class Said:
    """A record of the journal, as the service that says it keeps it."""

    service: str
    record: str
    fact: str
    procedure: str
    type: str
    state: str
    said_at: datetime
    partition: int | None
    offset: int | None

    @property
    def name(self) -> str:
        """`submitted`, of `fr.justice.infoparquet.procedure.submitted.v1`."""
        return self.type.split(".")[-2]

    @property
    def place(self) -> tuple[int, int]:
        """In the journal's order; what was never heard of comes last."""
        return (self.partition or 0, self.offset if self.offset is not None else 2**63)


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that the journal, or a service, lacks."""

    said: Said
    lacking_in: str
    # Of a service that has acted on the procedure already: told again, it would number it, or hand it over, twice.
    damaged: bool = False


@dataclass
class Compared:
    """Counts of what was said longer ago than the deadline, and what is missing of it; `waiting` is on its way."""

    facts: int = 0
    procedures: int = 0
    waiting: int = 0
    missing: Sequence[Missing] = ()
    # All that was said of the procedures of which something is missing.
    said: Sequence[Said] = ()


class Desk:
    """The services by name, each at its own address with an operator's rights."""

    def __init__(self, services: Mapping[str, httpx.AsyncClient]) -> None:
        self._services = services

    async def compare(self, before: datetime) -> Compared:
        """What was said before that moment, a page at a time; kept is what is missing alone. Raises Failure."""
        compared, missing = Compared(), list[Missing]()
        for name in self._services:
            async for page in self._pages(name):
                said = [one for one in page if one.said_at < before]
                compared.facts += len(said)
                compared.procedures += sum(one.name == "submitted" for one in said)
                compared.waiting += sum(one.state == "waiting" for one in said)
                missing += await self._missing(said)
        compared.said = await self._said_of({one.said.procedure for one in missing})
        compared.missing = _in_order(missing, {(one.service, one.procedure) for one in compared.said})
        return compared

    async def mend(self, compared: Compared, patience: timedelta) -> None:
        """Have what is missing said again, each procedure's in the journal's order, and wait for it. Raises Failure.

        Where a service was damaged nothing is: its database is to be restored.
        """
        mendable = [one for one in compared.missing if not one.damaged]
        anew = {one.said.procedure for one in mendable if one.lacking_in == SHOWN_ANEW}
        for procedures in _chunks(sorted(anew)):
            await self._ask(SHOWN_ANEW, "POST", "/forget", json={"procedures": procedures})
        facts = {one.said.fact for one in mendable}
        # In every version that it was said in.
        again = [one for one in compared.said if one.fact in facts or (one.procedure in anew and one.state == "heard")]
        for turn in _turns(again):
            await self._say_again(turn)
            waiting = {SHOWN_ANEW, *(one.lacking_in for one in mendable)} & self._services.keys()
            await self._wait(waiting, turn, patience)

    async def _lost(self, said: Sequence[Said]) -> list[Said]:
        """What was published and has not come back; whoever has it in view knows that it only is not looked for yet."""
        published = [one for one in said if one.state == "published"]
        if SHOWN_ANEW not in self._services:
            return published
        unseen = set(await self._lacking(SHOWN_ANEW, published))
        return [one for one in published if one.fact in unseen]

    async def _missing(self, said: Sequence[Said]) -> list[Missing]:
        heard = {one.fact: one for one in said if one.state == "heard"}
        found = await asyncio.gather(*(self._lacking(name, list(heard.values())) for name in self._services))
        lacking = [
            Missing(heard[fact], name) for name, facts in zip(self._services, found, strict=True) for fact in facts
        ]
        return [*(Missing(one, JOURNAL) for one in await self._lost(said)), *lacking]

    async def _said_of(self, procedures: Collection[str]) -> list[Said]:
        if not procedures:
            return []
        return [
            one
            for name in self._services
            async for page in self._pages(name)
            for one in page
            if one.procedure in procedures
        ]

    async def _pages(self, name: str) -> AsyncIterator[list[Said]]:
        cursor: str | None = "0"
        while cursor is not None:
            page = await self._ask(name, "GET", "", params={"cursor": cursor, "limit": str(_AT_ONCE)})
            yield [Said(name, **(one | {"said_at": datetime.fromisoformat(one["said_at"])})) for one in page["records"]]
            cursor = page["next"]

    async def _lacking(self, name: str, said: Sequence[Said]) -> list[str]:
        lacking: list[str] = []
        for chunk in _chunks(said):
            facts = [{"id": one.fact, "procedure": one.procedure, "type": one.type} for one in chunk]
            lacking += (await self._ask(name, "POST", "/lacking", json={"facts": facts}))["lacking"]
        return lacking

    async def _say_again(self, said: Iterable[Said]) -> None:
        for name, records in groupby(sorted(said, key=lambda one: (one.service, one.place)), lambda one: one.service):
            for chunk in _chunks([one.record for one in records]):
                await self._ask(name, "POST", "/resend", json={"records": chunk})

    async def _wait(self, names: Iterable[str], said: Sequence[Said], patience: timedelta) -> None:
        """Until these services hold the facts; what they still lack then is found by comparing again."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience.total_seconds()
        waiting = set(names)
        while waiting and loop.time() < until:
            waiting = {name for name in waiting if await self._lacking(name, said)}
            if waiting:
                await asyncio.sleep(_LOOK_SECONDS)

    async def _ask(self, name: str, method: str, path: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        try:
            answer = await self._services[name].request(method, f"/v1/reconciliation{path}", **request)
            body: dict[str, Any] = answer.json()
        except (httpx.TransportError, ValueError):
            raise Failure(f"{name} ne répond pas ; vérifiez qu’il est démarré.") from None
        if not answer.is_success:
            raise Failure(f"{name} : {body.get('detail', f'répond {answer.status_code}.')}")
        return body


def _in_order(missing: Iterable[Missing], spoken: Collection[tuple[str, str]]) -> list[Missing]:
    """Each once, whatever the versions it was said in. Who lacks the beginning of what it has spoken of lost tables."""
    once = {(one.said.fact, one.lacking_in): one for one in missing}
    damaged = {
        (one.lacking_in, one.said.procedure)
        for one in once.values()
        if one.said.name == "submitted" and (one.lacking_in, one.said.procedure) in spoken
    }
    marked = [replace(one, damaged=(one.lacking_in, one.said.procedure) in damaged) for one in once.values()]
    return sorted(marked, key=lambda one: (one.said.procedure, one.said.place, one.lacking_in))


def _turns(said: Sequence[Said]) -> list[list[Said]]:
    """Each procedure's in the journal's order, cut where another service speaks; those of a turn go out together."""
    turns: list[list[Said]] = []
    ordered = sorted(said, key=lambda one: (one.procedure, one.place))
    for _, of_procedure in groupby(ordered, lambda one: one.procedure):
        for turn, (_, run) in enumerate(groupby(of_procedure, lambda one: one.service)):
            if turn == len(turns):
                turns.append([])
            turns[turn] += run
    return turns


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
