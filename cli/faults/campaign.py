"""A campaign: the system is started, hit once a round while procedures and replies flow, and audited from outside."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from cli.bench_measures import spread
from cli.faults.audit import Offence, Promise, arrived, audit
from cli.faults.evidence import Evidence, read_topics
from cli.faults.follower import Follower
from cli.faults.injection import inject
from cli.faults.plan import Fault, Kind, plan
from cli.faults.system import Campaigned, opened
from cli.faults.traffic import COURTS, TOLD, Traffic

# After the worst of faults something goes on within this; what is told by mail may wait for a lease besides.
RECOVERY_LIMIT = 240.0
ARRIVAL_LIMIT = 360.0

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What was seen and what it comes to; `left_out` could not be done on this machine."""

    seed: int
    broker: str
    left_out: Sequence[Kind] = ()
    done: list[Fault] = field(default_factory=list)
    recoveries: list[float | None] = field(default_factory=list)
    evidence: Evidence = field(default_factory=lambda: Evidence({}, (), ()))
    offences: list[Offence] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether every promise was kept and the system went on after every fault."""
        return not self.offences and None not in self.recoveries

    def report(self) -> dict[str, Any]:
        """As `--json` shows it."""
        # Of one procedure each promise is counted once, however often it was broken.
        broken = Counter(promise for promise, _ in {(one.promise, one.procedure or one.what) for one in self.offences})
        kinds = Counter(fault.kind for fault in self.done)
        return {
            "seed": self.seed,
            "rounds": len(self.done),
            "accepted": len(self.evidence.accepted),
            "arrived": arrived(self.evidence),
            **{promise.value: broken[promise] for promise in Promise},
            "mails": len(self.evidence.mails or ()),
            "faults": {kind.value: kinds[kind] for kind in Kind},
            "left_out": [kind.value for kind in self.left_out],
            "targets": dict(sorted(Counter(f"{fault.kind} {fault.target}" for fault in self.done).items())),
            "broker": self.broker,
            "recovery_ms": spread(self.recoveries) if any(self.recoveries) else None,
        }


async def campaign(data: Path, port_base: int, broker: str, seed: int, rounds: int, say: Say) -> Outcome:
    """Raises StackError where the system cannot be started, Refused where intake takes nothing.

    Raises KafkaError or TimeoutError where the topics cannot be read in the end.
    """
    say("Démarrage du courtier, de la base, de l’émetteur de jetons et des services…")
    async with opened(data, port_base, broker, say) as system:
        outcome = Outcome(seed, system.run["broker"], left_out=[] if system.disks else [Kind.FULL])
        kafka = system.run["kafka"]
        follower = Follower(kafka, COURTS)
        async with httpx.AsyncClient() as client, follower.following():
            traffic = Traffic(system, client, seed)
            faults = plan(seed, rounds, outcome.broker, outcome.left_out)
            await _rounds(system, traffic, follower, outcome, faults, say)
            say(f"Attente de l’arrivée des {len(traffic.accepted)} procédures acceptées…")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ARRIVAL_LIMIT):
                    await follower.until_all(traffic.accepted, TOLD)
        async with asyncio.timeout(ARRIVAL_LIMIT):
            journal, courts = await read_topics(kafka, COURTS)
        outcome.evidence = Evidence(traffic.accepted, journal, courts, system.mails(), TOLD)
        outcome.offences = audit(outcome.evidence)
    return outcome


async def _rounds(
    system: Campaigned, traffic: Traffic, follower: Follower, outcome: Outcome, faults: list[Fault], say: Say
) -> None:
    flowing = asyncio.create_task(traffic.flow())
    try:
        for place, fault in enumerate(faults, 1):
            await asyncio.sleep(fault.after)
            recovery = await _round(system, traffic, follower, fault)
            outcome.done.append(fault)
            outcome.recoveries.append(recovery)
            after = f"reprise en {recovery:.0f} ms" if recovery else f"aucune reprise en {RECOVERY_LIMIT:.0f} s"
            say(f"Tour {place} sur {len(faults)} : {fault} ; {after}.")
            if recovery is None or flowing.done():
                break
    finally:
        traffic.stop()
        try:
            await asyncio.wait_for(flowing, RECOVERY_LIMIT)
        except TimeoutError:
            outcome.recoveries.append(None)


async def _round(system: Campaigned, traffic: Traffic, follower: Follower, fault: Fault) -> float | None:
    """Milliseconds from the end of the fault until a procedure posted after it is delivered; None where none is."""
    try:
        ended = await inject(system, fault)
        async with asyncio.timeout(RECOVERY_LIMIT):
            await follower.until(await traffic.probe(), "delivered")
            recovery = (time.monotonic() - ended) * 1000
            await system.whole()
    except TimeoutError:
        return None
    return recovery
