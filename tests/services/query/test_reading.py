"""The whole service on a real broker: it reads the journal, and `infoparquet positions` says where it stands."""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.topics import JOURNAL

from chassis.service import migrate_service
from deploy.local.kafka import ApacheKafka
from reference import default_url
from services.query.service import build
from services.query.settings import QuerySettings
from tests.conftest import Databases
from tests.processes import environment, running, until
from tests.services.issuer import Issuer
from tests.services.query.histories import said, until_delivery

ROOT = Path(__file__).parents[3]
COMMAND = "import typer; from cli.positions import positions; typer.run(positions)"


async def journal(kafka: ApacheKafka, events: list[Event[Payload]]) -> None:
    """Write facts as any relay does."""
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for record in map(encode, events):
            await producer.send_and_wait(JOURNAL.name, record.value, record.key, headers=list(record.headers))


async def positions(folder: Path, *words: str) -> tuple[int | None, str]:
    """The command's exit code, and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, "--data", str(folder), *words,
        cwd=ROOT, env={**os.environ, "COLUMNS": "200"}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        written, _ = await process.communicate()
    return process.returncode, written.decode()


async def caught_up(folder: Path) -> list[dict[str, Any]]:
    """Every partition's position once all are owned and read; empty before."""
    code, written = await positions(folder, "--json")
    found: list[dict[str, Any]] = json.loads(written)["positions"]
    read = code == 0 and len(found) == JOURNAL.partitions and not any(one["lag"] for one in found)
    return found if read else []


async def table_of_positions(folder: Path) -> str:
    """For people, once it has positions: for a moment after its group was shared out anew a replica has none."""
    code, table = await positions(folder)
    return table if code == 0 and JOURNAL.name in table else ""


async def test_two_replicas_read_the_journal_and_say_together_where_they_stand(
    kafka_server: ApacheKafka, databases: Databases, issuer: Issuer, tmp_path: Path
) -> None:
    url = await databases("query")
    told = [environment(kafka_server.bootstrap, url, INFOPARQUET_OIDC_ISSUER=issuer.url) for _ in range(2)]
    settings = QuerySettings(
        listen="127.0.0.1:9",
        kafka_bootstrap=kafka_server.bootstrap,
        database_url=url,
        reference_url=default_url(),
        oidc_issuer=issuer.url,
    )
    await migrate_service(build(settings), settings)
    addresses = [f"http://{one['INFOPARQUET_LISTEN']}" for one in told]
    services = {"query": {"url": addresses[0], "urls": addresses}}
    (tmp_path / "run.json").write_text(
        json.dumps({"services": services, "tokens": {"operator": issuer.token("operator")}})
    )
    async with AsyncExitStack() as processes, httpx.AsyncClient(headers=issuer.bearer("operator")) as http:
        for number, one in enumerate(told):
            await processes.enter_async_context(running("query", one, tmp_path / f"query-{number}.log"))
        events = said(*until_delivery())
        await journal(kafka_server, events)
        found = await until(lambda: caught_up(tmp_path), seconds=60)
        shown = [(await http.get(f"{address}/v1/procedures/{events[0].subject}")).json() for address in addresses]
        table = await until(lambda: table_of_positions(tmp_path), seconds=60)
    assert {(one["service"], one["partition"]) for one in found} == {("query", n) for n in range(JOURNAL.partitions)}
    assert [one["status"] for one in shown] == ["delivered", "delivered"]
    assert table.count(JOURNAL.name) == 1


async def test_a_replica_that_does_not_answer_is_a_failure(issuer: Issuer, tmp_path: Path) -> None:
    services = {"query": {"url": "http://127.0.0.1:9", "urls": ["http://127.0.0.1:9"]}}
    (tmp_path / "run.json").write_text(
        json.dumps({"services": services, "tokens": {"operator": issuer.token("operator")}})
    )
    code, written = await positions(tmp_path, "--json")
    document = json.loads(written)
    assert (code, document["positions"]) == (1, [])
    assert [one["service"] for one in document["unanswered"]] == ["query"]
