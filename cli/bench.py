"""`infoparquet bench`: how fast the system is on this machine, each figure beside the raw floor of the same run."""

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.bench_competence import competence
from cli.bench_floors import Floors
from cli.bench_measures import MOMENTS, Load, System, batch, post, reach, spread
from cli.bench_run import BROKER, JSON, PORT_BASE, Say, started, taken
from deploy.local.options import Options

_QUICK = typer.Option("--quick", help="Une minute environ, au lieu de plusieurs : un ordre de grandeur.")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of each; seconds unless the name says otherwise."""

    warm_up_procedures: int = 40
    reach_procedures: int = 1200
    reach_a_second: float = 20
    floor_round_trips: int = 200
    batch_procedures: int = 10_000
    post_connections: int = 16
    post_seconds: float = 20
    floor_seconds: float = 5
    patience: float = 120
    competence_cases: int = 100_000


QUICK = Plan(
    reach_procedures=200,
    floor_round_trips=60,
    batch_procedures=2000,
    post_seconds=5,
    floor_seconds=2,
    patience=60,
    competence_cases=20_000,
)


def bench(
    context: typer.Context,
    quick: Annotated[bool, _QUICK] = False,
    as_json: Annotated[bool, JSON] = False,
    port_base: Annotated[int, PORT_BASE] = 8100,
    broker: Annotated[str, BROKER] = "auto",
) -> None:
    """Mesure un système lancé pour cela, dans un dossier neuf : dépôts par seconde, délais, lots."""
    if context.invoked_subcommand is not None:
        return
    say = Console(stderr=True, highlight=False).print
    plan = QUICK if quick else Plan()
    report = taken(lambda folder: measure(Options(data=folder, port_base=port_base, broker=broker), plan, say))
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        Console().print(table(report))


async def measure(options: Options, plan: Plan, say: Say) -> dict[str, Any]:
    """The report. Raises StackError or Unmeasured."""
    machine = describe_machine()
    say("Décisions de compétence…")
    decided = await competence(plan.competence_cases)
    async with started(options, say) as system:
        report = await figures(system, plan, say)
    return {**report, "competence": decided, "broker": system.running["broker"], "machine": machine}


async def figures(system: System, plan: Plan, say: Say) -> dict[str, Any]:
    """Each figure with its floor, on a system that has nothing else to do. Raises Unmeasured."""
    floors = Floors(system.running["kafka"], system.running["services"]["intake"]["database"])
    await floors.prepare()
    load = Load()
    lines = list(load.lines(plan.batch_procedures))
    say("Mise en route…")
    await reach(system, load, plan.warm_up_procedures, plan.reach_a_second, patience=plan.patience)
    say(f"Délais, à {plan.reach_a_second:g} procédures par seconde…")
    round_trips = await floors.round_trips(plan.floor_round_trips, plan.reach_a_second, lines[0])
    moments = await reach(system, load, plan.reach_procedures, plan.reach_a_second, patience=plan.patience)
    say(f"Lot de {plan.batch_procedures} procédures…")
    batch_floor = await floors.bulk(lines)
    batched = await batch(system, load, plan.batch_procedures, patience=plan.patience)
    say(f"Dépôts par {plan.post_connections} connexions…")
    post_floor = await floors.commits(plan.post_connections, plan.floor_seconds, lines[0])
    # Last, as it leaves the other services far behind.
    posted = await post(system, load, plan.post_connections, plan.post_seconds, patience=plan.patience)
    return {
        "post": _beside(posted, post_floor, "POST/s", connections=plan.post_connections),
        "reach": {**moments, "floor": spread(round_trips), "unit": "ms", "a_second": plan.reach_a_second},
        "batch": _beside(batched, batch_floor, "procedures/s", procedures=plan.batch_procedures),
    }


def _beside(value: float, floor: float, unit: str, **more: int) -> dict[str, Any]:
    return {"value": round(value, 1), "floor": round(floor, 1), "ratio": round(value / floor, 4), "unit": unit, **more}


def describe_machine() -> dict[str, Any]:
    """What the figures depend on; `load` is that of the minute before."""
    model = _first_value(Path("/proc/cpuinfo"), "model name")
    memory = _first_value(Path("/proc/meminfo"), "MemTotal").removesuffix(" kB")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": model or platform.machine(),
        "memory_mib": int(memory or 0) // 1024,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def _first_value(path: Path, name: str) -> str:
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def table(report: dict[str, Any]) -> Table:
    """For people."""
    machine = report["machine"]
    where = f"{machine['processor']}, {machine['cores']} cœurs, courtier {report['broker']}"
    shown = Table(title="Mesures", caption=where, box=box.SIMPLE, header_style="bold")
    shown.add_column("Mesure", no_wrap=True)
    for heading in ("Valeur", "Plancher", "Rapport"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for name, what in (("post", "dépôts par seconde"), ("batch", "par lot, procédures par seconde")):
        figure = report[name]
        shown.add_row(what, f"{figure['value']:.0f}", f"{figure['floor']:.0f}", f"{figure['ratio']:.1%}")
    decided = report["competence"]
    shown.add_row(
        "compétence, décisions par seconde",
        f"{decided['value']:.0f}",
        f"{decided['floor']:.0f}",
        f"{decided['ratio']:.1%}",
    )
    floor = report["reach"]["floor"]
    for name, what in zip(MOMENTS, ("numéro", "remise", "suivi"), strict=True):
        for percentile in ("p50", "p99"):
            value = report["reach"][name][percentile]
            ratio = f"× {value / floor[percentile]:.1f}"
            shown.add_row(f"{what}, {percentile} (ms)", f"{value:.0f}", f"{floor[percentile]:.1f}", ratio)
    return shown
