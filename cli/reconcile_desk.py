"""Compares what each service said with what the journal brought back and what the others hold, and has it mended."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import httpx

JOURNAL = "journal"
# Services show procedures anew from nothing: a timeline with a gap cannot be filled at its place.
SHOWN_ANEW = "query"
_AT_ONCE = 1000
_LOOK_SECONDS = 0.2
_HEARD_SECONDS = 1.0
# One more whenever somebody spoke of a procedure in the moment in which it was shown anew.
_ATTEMPTS = 5


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

    @property
    def names(self) -> Collection[str]:
        """Whom it asks."""
        return self._services.keys()

    async def compare(self, before: datetime) -> Compared:
        """What was said before that moment, a page at a time; kept is what is missing alone. Raises Failure."""
        compared, missing = Compared(), list[Missing]()
        for name in self._services:
            async for _, page in self.pages(name):
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
        damaged = {one.said.procedure for one in compared.missing if one.damaged}
        mendable = [one for one in compared.missing if one.said.procedure not in damaged]
        anew = _shown_anew(mendable)
        # What the journal has lost comes at its end; else what is shown anew is said with all that was said of it.
        facts = {one.said.fact for one in mendable if one.lacking_in == JOURNAL or one.said.procedure not in anew}
        waiting = {SHOWN_ANEW, *(one.lacking_in for one in mendable)} & self._services.keys()
        await self._say_in_turns([one for one in compared.said if one.fact in facts], waiting, patience)
        sayings = Sayings(self, anew)
        for procedures in _chunks(sorted(anew)):
            await self._show_anew(sayings, set(procedures), waiting, patience)

    async def pages(self, name: str, cursor: str | None = "0") -> AsyncIterator[tuple[str, list[Said]]]:
        """What a service has said from a place on, with the place of each page."""
        while cursor is not None:
            page = await self._ask(name, "GET", "", params={"cursor": cursor, "limit": str(_AT_ONCE)})
            records = [one | {"said_at": datetime.fromisoformat(one["said_at"])} for one in page["records"]]
            yield cursor, [Said(name, **one) for one in records]
            cursor = page["next"]

    async def _show_anew(
        self, sayings: "Sayings", procedures: Set[str], names: Collection[str], patience: timedelta
    ) -> None:
        """Have procedures forgotten, and all of them said again.

        A live fact that comes between those said again is not at its place: then all is said once more. What cannot be
        shown as the journal has it is left for a comparison to find.
        """
        for _ in range(_ATTEMPTS):
            before = await self._heard(sayings, procedures, patience)
            if not before:
                return
            await self._forget(before)
            await self._say_in_turns([one for said in before.values() for one in said], names, patience)
            await sayings.look()
            procedures = {one for one, said in before.items() if len(sayings.of(one)) != len(said)}
            if not procedures:
                return
            # Rather not shown than shown wrong: this no comparison would find.
            await self._forget(procedures)

    async def _heard(
        self, sayings: "Sayings", procedures: Set[str], patience: timedelta
    ) -> Mapping[str, Sequence[Said]]:
        """What was said of those whose facts were all heard by now: of the others nobody knows the order."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience.total_seconds()
        while True:
            await sayings.look()
            heard = {one: sayings.of(one) for one in procedures if sayings.all_heard(one)}
            if len(heard) == len(procedures) or loop.time() > until:
                return heard
            await asyncio.sleep(_HEARD_SECONDS)

    async def _forget(self, procedures: Collection[str]) -> None:
        await self._ask(SHOWN_ANEW, "POST", "/forget", json={"procedures": sorted(procedures)})

    async def _say_in_turns(self, said: Sequence[Said], names: Collection[str], patience: timedelta) -> None:
        """What comes behind a fact that the view does not get is not said: it would be shown out of its place."""
        late: set[str] = set()
        for turn in _turns(said):
            ready = [one for one in turn if one.procedure not in late]
            await self._say_again(ready)
            await self._wait(names, ready, patience)
            unseen = set(await self._lacking(SHOWN_ANEW, ready)) if SHOWN_ANEW in names else set()
            late |= {one.procedure for one in ready if one.fact in unseen}

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
        sayings = Sayings(self, procedures)
        await sayings.look()
        return [one for procedure in procedures for one in sayings.of(procedure)]

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


@dataclass
class Sayings:
    """All that is said of some procedures, as it goes on; a page that cannot have changed is not asked for again."""

    desk: Desk
    procedures: Collection[str]
    _said: dict[str, dict[str, Said]] = field(default_factory=dict)
    _since: dict[str, str] = field(default_factory=dict)

    async def look(self) -> None:
        """Take in what was said, and heard, since the last look."""
        for name in self.desk.names if self.procedures else ():
            heard = True
            async for place, page in self.desk.pages(name, self._since.get(name, "0")):
                if heard:
                    self._since[name] = place
                for one in page:
                    if one.procedure in self.procedures:
                        self._said.setdefault(one.procedure, {})[one.record] = one
                        heard = heard and one.state == "heard"

    def of(self, procedure: str) -> list[Said]:
        """What was said of a procedure."""
        return list(self._said.get(procedure, {}).values())

    def all_heard(self, procedure: str) -> bool:
        """Whether the journal brought all of it back."""
        return all(one.state == "heard" for one in self.of(procedure))


def left_of(found: Compared, left: Compared) -> list[Missing]:
    """Of what is missing after it was mended: what was before, and all of what was to be shown anew."""
    first, anew = {(one.said.fact, one.lacking_in) for one in found.missing}, _shown_anew(found.missing)
    return [
        one
        for one in left.missing
        if (one.said.fact, one.lacking_in) in first or (one.said.procedure in anew and one.lacking_in == SHOWN_ANEW)
    ]


def _shown_anew(missing: Iterable[Missing]) -> set[str]:
    return {one.said.procedure for one in missing if one.lacking_in == SHOWN_ANEW}


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
    """Each procedure's in the journal's order, cut where another service speaks; those of a turn go out together.

    A submission that was lost once stands in the journal behind what it began: it goes first all the same.
    """
    turns: list[list[Said]] = []
    ordered = sorted(said, key=lambda one: (one.procedure, one.name != "submitted", one.place))
    for _, of_procedure in groupby(ordered, lambda one: one.procedure):
        for turn, (_, run) in enumerate(groupby(of_procedure, lambda one: one.service)):
            if turn == len(turns):
                turns.append([])
            turns[turn] += run
    return turns


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
