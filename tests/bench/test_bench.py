"""The benchmark measures a whole real system, and says so rather than give a figure of something else."""

import os
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Thread
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import typer
from aiokafka import ConsumerRecord
from infoparquet_contracts.facts import Delivered, Numbered, Routed, Submitted
from infoparquet_contracts.payload import Payload
from rich.console import Console
from typer.testing import CliRunner

from cli.bench import Plan, bench, describe_machine, figures, table
from cli.bench_bounds import NAMES as BOUND_NAMES
from cli.bench_bounds import table as bounds_table
from cli.bench_competence import competence
from cli.bench_measures import MOMENTS, Load, System, Unmeasured, batch, post, reach, spread
from cli.bench_outage import table as outage_table
from cli.bench_streams import table as streams_table
from cli.bounds.measures import Bound, Bounds
from cli.bounds.measures import Plan as BoundsPlan
from cli.keep_alive import KeepAlive
from cli.outage import ROAD, Outage
from cli.outage import Plan as OutagePlan
from cli.outage import measure as measure_outage
from cli.streams.measures import Plan as StreamsPlan
from cli.streams.measures import Streams, kept
from deploy.local.folders import fresh_folder
from deploy.local.options import Options
from deploy.local.samples import Sample
from deploy.local.stack import Stack
from deploy.local.tokens import TokenMaker
from tests.processes import free_port_base

SMALL = Plan(
    warm_up_procedures=5,
    reach_procedures=20,
    floor_round_trips=10,
    batch_procedures=250,
    post_connections=4,
    post_seconds=0.5,
    floor_seconds=0.2,
    patience=60,
)
DECIDED = {
    "value": 70000.0,
    "floor": 2000000.0,
    "ratio": 0.035,
    "unit": "décisions/s",
    "load_ms": 210.0,
    "memory_mib": 20.2,
}
FIGURES = {
    "post": {"value": 500.0, "floor": 8000.0, "ratio": 0.0625, "unit": "POST/s", "connections": 16},
    "reach": {
        **{name: {"p50": 45.0, "p99": 1234.5} for name in MOMENTS},
        "floor": {"p50": 4.2, "p99": 12.0},
        "unit": "ms",
        "a_second": 20,
    },
    "batch": {"value": 1200.0, "floor": 20000.0, "ratio": 0.06, "unit": "procedures/s", "procedures": 2000},
    "competence": DECIDED,
}
APP = typer.Typer()
APP.command()(bench)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[System]:
    """The whole system, as `bench` starts it."""
    folder = fresh_folder()
    async with Stack(Options(data=folder, port_base=free_port_base())) as stack:
        running = stack.describe()
        yield System(running, TokenMaker.open(stack.data / "issuer", running["issuer"]))
    shutil.rmtree(folder, ignore_errors=True)


class Wrong(Load):
    """Procedures that intake refuses."""

    def next(self) -> tuple[str, dict[str, Any], Sample]:
        key, body, sample = super().next()
        return key, body | {"places": []}, sample


@pytest.mark.asyncio(loop_scope="module")
async def test_each_figure_stands_beside_the_floor_of_the_same_run(system: System) -> None:
    report = await figures(system, SMALL, print)
    for name in ("post", "batch"):
        figure = report[name]
        # Which is the greater depends on what else the machine does while each of so short ones is measured.
        assert min(figure["value"], figure["floor"]) > 0
        assert figure["ratio"] == pytest.approx(figure["value"] / figure["floor"], rel=0.02)
    moments = report["reach"]
    typical = [moments[name]["p50"] for name in MOMENTS]
    assert typical == sorted(typical)
    assert all(0 < moments[name]["p50"] <= moments[name]["p99"] for name in ("floor", *MOMENTS))
    whole = {**report, "competence": DECIDED, "broker": "apache", "machine": describe_machine()}
    assert table(whole).row_count == 9


async def test_decisions_are_measured_alone_and_the_law_is_light() -> None:
    figure = await competence(2000)
    assert 0 < figure["value"] < figure["floor"]
    assert figure["ratio"] == pytest.approx(figure["value"] / figure["floor"], abs=0.001)
    # The bounds of speed are the benchmark's; what it takes to hold does not depend on the machine.
    assert 0 < figure["memory_mib"] < 60


@pytest.mark.asyncio(loop_scope="module")
async def test_what_intake_refuses_is_no_figure(system: System) -> None:
    with pytest.raises(Unmeasured, match="a répondu 400"):
        await post(system, Wrong(), 2, 1, patience=10)
    with pytest.raises(Unmeasured, match="a répondu 400"):
        await reach(system, Wrong(), 3, 20, patience=10)
    with pytest.raises(Unmeasured, match="0 lignes acceptées sur 3"):
        await batch(system, Wrong(), 3, patience=10)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_does_not_come_through_in_time_is_no_figure(system: System) -> None:
    with pytest.raises(Unmeasured, match="0 procédures sur 1 sont arrivées"):
        await reach(system, Load(), 1, 1000, patience=0)
    with pytest.raises(Unmeasured, match="n’étaient pas visibles"):
        await batch(system, Load(), 20, patience=0.01)


@pytest.mark.asyncio(loop_scope="module")
async def test_each_bound_is_measured_with_how_others_are_served(system: System) -> None:
    plan = BoundsPlan(1, 2, 20, 30, 3, procedures=200, patience=60)
    measured = await Bounds(system, plan, print).measure()
    assert [one.name for one in measured] == list(BOUND_NAMES)
    for one in measured:
        assert set(one.growth) == set(system.running["services"])
        assert all(0 < spread["p50"] <= spread["p99"] for spread in one.others.values())
    assert bounds_table(measured).row_count == len(measured)
    present = await asyncpg.connect(system.running["services"]["query"]["database"])
    assert await present.fetchval("SELECT count(*) FROM procedures") >= plan.procedures
    await present.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_each_stream_hears_each_fact_and_none_is_lost(system: System) -> None:
    plan = StreamsPlan(facts=3, spacing=0.01, rest=1, procedures=5, patience=60)
    report = await Streams(system, 30, plan, print).measure()
    for delays in (report["delay_ms"], report["delay_with_others_ms"]):
        assert all(0 < delays[name]["p50"] <= delays[name]["p99"] for name in ("first", "each", "last", "floor"))
        assert delays["first"]["p50"] <= delays["each"]["p50"] <= delays["last"]["p50"]
    assert (report["ended"], set(report["others_ms"])) == (0, set(report["others_p50_to_rest"]))
    assert kept(report)
    assert not kept(report | {"ended": 1})
    assert streams_table(report).row_count == 4 + len(report["others_ms"])


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_accepted_while_kafka_is_frozen_arrives_once_and_in_order(system: System) -> None:
    plan = OutagePlan(seconds=2, a_second=20, urgent=2, warm_up_procedures=5, patience=60)
    report = (seen := await measure_outage(system, plan, print)).describe()
    assert (report["accepted"], report["refused"]) == (40, 0)
    assert [report[count] for count in ("lost", "duplicated", "out_of_order")] == [0, 0, 0]
    for kind in ("urgent_ms", "ordinary_ms"):
        times = [report[kind][fact]["p50"] for fact in ROAD]
        assert times[0] > 0
        assert times == sorted(times)
    assert len(seen.urgent) == plan.urgent
    assert outage_table(seen).row_count == len(ROAD)


def said(*facts: type[Payload]) -> Outage:
    """What an outage with one accepted procedure saw of it."""
    seen = Outage(OutagePlan(), ordinary={"p"}, answered_ms=[1.0])
    for fact in facts:
        headers = [("ce_type", fact.event_type.encode())]
        seen.note(ConsumerRecord("t", 0, 0, 0, 0, b"p", b"", None, 0, 0, headers), 1.0)
    return seen


@pytest.mark.parametrize(
    ("facts", "lost", "duplicated", "out_of_order"),
    [
        ((Submitted, Numbered, Routed, Delivered), 0, 0, 0),
        ((Submitted, Numbered), 1, 0, 0),
        ((Submitted, Numbered, Delivered, Numbered), 0, 1, 0),
        ((Numbered, Submitted, Delivered), 0, 0, 2),
    ],
)
def test_an_outage_tells_what_is_lost_repeated_or_out_of_order(
    facts: tuple[type[Payload], ...], lost: int, duplicated: int, out_of_order: int
) -> None:
    report = said(*facts).describe()
    assert (report["lost"], report["duplicated"], report["out_of_order"]) == (lost, duplicated, out_of_order)


def test_a_bound_is_broken_by_memory_and_by_others_who_wait() -> None:
    quick, slow = {"post": {"p50": 1.0, "p99": 2.0}}, {"post": {"p50": 1.0, "p99": 60_000.0}}
    kept = Bound("batch-lines", 1, {"intake": 9.0}, 10.0, quick, {})
    assert kept.kept
    assert not replace(kept, growth={"intake": 1.0, "query": 11.0}).kept
    assert not replace(kept, others=slow).kept


@pytest.mark.parametrize(
    ("values", "p50", "p99"),
    [([7.0], 7.0, 7.0), ([3.0, 1.0, 2.0], 2.0, 3.0), ([float(one) for one in range(1, 201)], 100.0, 198.0)],
)
def test_percentiles_are_values_that_were_measured(values: list[float], p50: float, p99: float) -> None:
    assert spread(values) == {"p50": p50, "p99": p99}


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    console = Console(width=80, file=StringIO())
    console.print(table({**FIGURES, "broker": "apache", "machine": describe_machine()}))
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    assert "…" not in shown
    assert "par lot, procédures par seconde" in shown
    assert all(word in shown for word in ("6.2%", "1234", "× 10.7"))


def test_the_machine_is_described() -> None:
    machine = describe_machine()
    assert machine["cores"] == len(os.sched_getaffinity(0))
    assert machine["memory_mib"] > 0
    assert machine["processor"]


def test_wrong_use_ends_with_2_and_nothing_started() -> None:
    result = CliRunner().invoke(APP, ["--broker", "nats"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--broker nats" in result.stderr


def test_a_port_that_is_taken_is_said_and_ends_with_1() -> None:
    base = free_port_base()
    with socket.create_server(("127.0.0.1", base + 1)):
        result = CliRunner().invoke(APP, ["--json", "--port-base", str(base)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{base + 1} (intake)" in result.stderr


async def test_a_connection_is_kept_for_all_its_requests() -> None:
    seen: list[tuple[int, bytes]] = []

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.client_address[1], body))
            self.send_response(202)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any, **__: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    async with KeepAlive(f"http://127.0.0.1:{server.server_port}", {}) as connection:
        answers = [await connection.post("/", body, {"Idempotency-Key": "k"}) for body in (b"", b"a", b"\r\n\r\n" * 9)]
    server.shutdown()
    thread.join()
    server.server_close()
    assert answers == [(202, b""), (202, b"a"), (202, b"\r\n\r\n" * 9)]
    assert len({port for port, _ in seen}) == 1
