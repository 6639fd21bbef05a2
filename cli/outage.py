"""An outage of Kafka, measured from outside: what is accepted meanwhile, and when each of it is said afterwards."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from infoparquet_contracts import facts
from infoparquet_contracts.topics import JOURNAL

from chassis.kafka import KafkaSettings, log_reader, partitions_of, read_from
from cli.bench_measures import PATH, Load, System, Unmeasured, batch, paced, spread
from cli.bench_run import Say
from cli.faults.injection import frozen

_FACTS: Final = {one.event_type.encode(): one.fact for one in (facts.Submitted, facts.Numbered, facts.Delivered)}
ROAD: Final = tuple(_FACTS.values())
_URGENT: Final = {"urgency": {"reason": "danger"}}
_ORDINARY: Final = {"urgency": None}


@dataclass(frozen=True, slots=True)
class Plan:
    """`urgent` of the procedures are, spread evenly over the outage; seconds unless the name says otherwise."""

    seconds: float = 600
    a_second: float = 50
    urgent: int = 10
    warm_up_procedures: int = 50
    patience: float = 1800


@dataclass
class Outage:
    """What was answered and what was said; `said` has for each procedure the seconds from the return to each fact."""

    plan: Plan
    urgent: set[str] = field(default_factory=set)
    ordinary: set[str] = field(default_factory=set)
    refused: int = 0
    answered_ms: list[float | None] = field(default_factory=list)
    said: dict[str, dict[str, float]] = field(default_factory=dict)
    arrived: int = 0
    repeated: int = 0
    out_of_order: int = 0

    @property
    def accepted(self) -> int:
        """How many procedures got a 202."""
        return len(self.urgent) + len(self.ordinary)

    def note(self, record: ConsumerRecord, at: float) -> None:
        """A fact of the journal, `at` seconds after the return."""
        fact = _FACTS.get(dict(record.headers)["ce_type"])
        procedure = record.key.decode()
        if fact is None or not (procedure in self.ordinary or procedure in self.urgent):
            return
        said = self.said.setdefault(procedure, {})
        if fact in said:
            self.repeated += 1
            return
        self.out_of_order += len(said) != ROAD.index(fact)
        said[fact] = at
        self.arrived += len(said) == len(ROAD)

    @property
    def missing(self) -> int:
        """How many of the accepted are not delivered."""
        return self.accepted - self.arrived

    def describe(self) -> dict[str, Any]:
        """As `--json` shows it; milliseconds from the return to each fact, of the urgent and of the others."""
        return {
            "seconds": self.plan.seconds,
            "accepted": self.accepted,
            "refused": self.refused,
            "answered_ms": spread(self.answered_ms),
            "lost": self.missing,
            "duplicated": self.repeated,
            "out_of_order": self.out_of_order,
            "urgent_ms": self._times(self.urgent),
            "ordinary_ms": self._times(self.ordinary),
        }

    def _times(self, procedures: set[str]) -> dict[str, dict[str, float]]:
        times = {
            fact: [said[fact] * 1000 for one, said in self.said.items() if one in procedures and fact in said]
            for fact in ROAD
        }
        return {fact: spread(known) for fact, known in times.items() if known}


async def measure(system: System, plan: Plan, say: Say) -> Outage:
    """Freeze every node of the broker, post, let them go on, read. Raises Unmeasured."""
    load, outage = Load(), Outage(plan)
    await batch(system, load, plan.warm_up_procedures, patience=plan.patience)
    async with _reader(system) as reader:
        starts: Mapping[TopicPartition, int] = await reader.end_offsets(partitions_of(JOURNAL))
    say(f"Kafka figé pendant {plan.seconds:.0f} s…")
    with frozen([node["pid"] for node in system.running["nodes"]]):
        await _post(system, load, outage)
    returned = time.perf_counter()
    say(f"Kafka est revenu ; {outage.accepted} procédures sont attendues…")
    try:
        async with asyncio.timeout(plan.patience), _reader(system) as reader:
            read_from(reader, starts)
            await _read(reader, outage, returned)
    except TimeoutError:
        say(f"{outage.missing} procédures ne sont pas remises après {plan.patience:.0f} s.")
    return outage


async def _post(system: System, load: Load, outage: Outage) -> None:
    plan = outage.plan
    count = round(plan.seconds * plan.a_second)
    # In the middle of each share, and so never the first.
    urgent = {round((place + 0.5) * count / plan.urgent) for place in range(plan.urgent)}
    numbers = iter(range(count))
    headers = system.headers("administration:bench-outage")
    async with httpx.AsyncClient(timeout=60, trust_env=False, headers=headers) as client:

        async def one() -> None:
            is_urgent = next(numbers) in urgent
            key, body, _ = load.next()
            content = json.dumps(body | (_URGENT if is_urgent else _ORDINARY)).encode()
            began = time.perf_counter()
            answer = await client.post(
                f"{system.url('intake')}{PATH}", content=content, headers={"Idempotency-Key": key}
            )
            outage.answered_ms.append((time.perf_counter() - began) * 1000)
            if answer.status_code == httpx.codes.ACCEPTED:
                (outage.urgent if is_urgent else outage.ordinary).add(answer.json()["id"])
            elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" in answer.headers:
                outage.refused += 1
            else:
                raise Unmeasured(f"POST {PATH} a répondu {answer.status_code} : {answer.text}")

        await paced(one, count, plan.a_second)


@asynccontextmanager
async def _reader(system: System) -> AsyncIterator[AIOKafkaConsumer]:
    async with log_reader(KafkaSettings(bootstrap=system.running["kafka"]), "infoparquet.outage") as reader:
        await reader.start()
        yield reader


async def _read(reader: AIOKafkaConsumer, outage: Outage, returned: float) -> None:
    while outage.missing:
        found: Mapping[TopicPartition, Sequence[ConsumerRecord]] = await reader.getmany(timeout_ms=1000)
        at = time.perf_counter() - returned
        for records in found.values():
            for record in records:
                outage.note(record, at)
