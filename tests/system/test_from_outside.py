"""The running system as programs see it that know nothing of this code, courts' clients and command among them."""

import asyncio
import json
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from infoparquet_contracts.topics import JOURNAL

from chassis.tls import trusted
from cli.faults.injection import family, frozen
from deploy.local.samples import read_samples
from tests import audit
from tests.docs.court_clients import client, script
from tests.processes import until
from tests.system.conftest import SERVICES, System, is_ready

pytestmark = pytest.mark.asyncio(loop_scope="module")

BORDEAUX, BAYONNE = "tj33063", "tj64102"


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is a Debian package: apt-get install kcat")
async def test_kcat_reads_each_delivery_once_with_its_cloudevents_headers(system: System, tmp_path: Path) -> None:
    ours = [one for one in read_samples() if one.administration == "dreal-33" and one.expected_tribunal == "tj33063"]
    file = tmp_path / "samples.ndjson"
    lines = [{**one.procedure, "idempotency_key": one.idempotency_key} for one in ours]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ids = await system.send(file)
    await audit.arrived(system.run_file["kafka"], ids)

    reading = await asyncio.create_subprocess_exec(
        "kcat", "-b", system.run_file["kafka"], "-t", "infoparquet.tribunal.tj33063.v1", "-C", "-e", "-J", "-q",
        "-X", "isolation.level=read_committed", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(reading.communicate(), 90)
    records = [json.loads(line) for line in output.decode().splitlines()]

    headers = [dict(zip(record["headers"][::2], record["headers"][1::2], strict=True)) for record in records]
    assert Counter(header["ce_subject"] for header in headers) == Counter(str(one) for one in set(ids))
    assert len({header["ce_id"] for header in headers}) == len(records)
    for record, header in zip(records, headers, strict=True):
        assert record["key"] == header["ce_subject"] == json.loads(record["payload"])["procedure"]
        assert header["ce_specversion"] == "1.0"
        assert header["ce_type"] == "fr.justice.infoparquet.tribunal.delivery.v1"
        assert header["ce_source"] == "/services/routing"
        assert header["content-type"] == "application/json"


async def test_the_author_of_a_procedure_is_mailed_its_number_once(system: System, tmp_path: Path) -> None:
    sample = next(one for one in read_samples() if one.administration == "dreal-33")
    file = tmp_path / "one.ndjson"
    file.write_text(json.dumps({**sample.procedure, "idempotency_key": "mailed-1"}) + "\n")
    (procedure,) = await system.send(file)

    async def mails() -> list[dict[str, Any]]:
        async with httpx.AsyncClient(verify=trusted()) as client:
            caught = (await client.get(f"{system.run_file['mail']}mails.json")).json()["mails"]
        return [mail for mail in caught if mail["procedure"] == str(procedure)]

    (mail,) = await until(mails, what="a mail")
    assert mail["to"] == [sample.procedure["author"]["email"]]
    assert mail["number"] in mail["subject"]
    answered = f"{system.url('notify')}/v1/deliveries?procedure={procedure}"

    async def told() -> bool:
        async with httpx.AsyncClient(verify=trusted(), headers=system.token("administration:dreal-33")) as client:
            (delivery,) = (await client.get(answered)).json()["deliveries"]
        return (delivery["state"], delivery["tries"]) == ("sent", 1)

    await until(told, what="sent at the first try")

    async def said() -> list[str]:
        facts = await audit.read(system.run_file["kafka"], JOURNAL)
        about = [event.data for _, event in facts if event.subject == procedure]
        return [one.recipient for one in about if one.fact == "notified"]

    assert await until(said, what="notified") == ["administration:dreal-33"]


@pytest.mark.parametrize(("part", "named"), [("kafka", "kafka"), ("postgres", "database")])
async def test_readiness_names_what_does_not_answer(system: System, part: str, named: str) -> None:
    # Frozen, not dead: the supervisor would start a dead one again at once.
    with frozen(family(system.pid(part))):
        for service in SERVICES:
            await until(partial(is_named, system, service, named), what=f"{service} names {named}")
    for service in SERVICES:
        await until(partial(is_ready, system, service), seconds=60, what=f"{service} ready again")


async def is_named(system: System, service: str, dependency: str) -> bool:
    return dependency in await system.missing(service)


async def submitted(system: System, folder: Path, court: str, *keys: str) -> list[UUID]:
    """Procedures that are that court's, once they are delivered."""
    lines = [
        {
            "idempotency_key": key,
            "reference": key,
            "kind": "report",
            "places": [{"ground": "facts", "commune": court[2:]}],
            "nataff": ["I51"],
        }
        for key in keys
    ]
    file = folder / "procedures.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ids = await system.send(file)
    for one in ids:
        await reaches(system, one, "delivered")
    return ids


async def reaches(system: System, one: UUID, status: str) -> None:
    async def reached() -> bool:
        async with httpx.AsyncClient(verify=trusted(), timeout=30) as http:
            answer = await http.get(f"{system.url('query')}/v1/procedures/{one}", headers=system.token("operator"))
        return bool(answer.status_code == 200 and answer.json()["status"] == status)

    await until(reached, what=f"{one} {status}")


async def tribunal(system: System, *words: str) -> tuple[int | None, str, str]:
    """The command: its exit code, and what it wrote."""
    pipe = asyncio.subprocess.PIPE
    process = await system.command("tribunal", *words, stdout=pipe, stderr=pipe)
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode(), errors.decode()


async def test_the_client_of_the_page_has_its_replies_taken(system: System, tmp_path: Path) -> None:
    ids = await submitted(system, tmp_path, BORDEAUX, "python-1", "python-2")
    async with client(system.run_file["kafka"], BORDEAUX, tmp_path):
        for one in ids:
            await reaches(system, one, "acknowledged")


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is a Debian package: apt-get install kcat")
async def test_the_script_of_the_page_has_its_replies_taken(system: System, tmp_path: Path) -> None:
    ids = await submitted(system, tmp_path, BAYONNE, "kcat-1", "kcat-2")
    await script(system.run_file["kafka"], BAYONNE, tmp_path)
    for one in ids:
        await reaches(system, one, "acknowledged")


async def test_the_command_shows_what_became_of_each_reply(system: System, tmp_path: Path) -> None:
    (one,) = await submitted(system, tmp_path, BORDEAUX, "command-1")
    reply = ("reply", BORDEAUX, str(one))
    taken = await tribunal(system, *reply, "registered", "--parquet-number", "26000123")
    assert taken[0] == 0, taken
    assert "26000123" in taken[1]
    status, _, errors = await tribunal(system, *reply, "acknowledged")
    assert status == 1
    assert "Refusée : Réponse impossible dans l’état de la procédure" in errors
    by_http = await tribunal(system, *reply, "assigned", "--section", "ECO2", "--text", "Suivie par la section.")
    assert by_http[0] == 0, by_http
    assert "ECO2" in by_http[1]
    status, _, errors = await tribunal(system, *reply, "acknowledged", "--text", "Encore.")
    assert status == 1
    assert "ne peut pas suivre" in errors


async def test_what_is_delivered_again_is_answered_as_before(system: System, tmp_path: Path) -> None:
    (one,) = await submitted(system, tmp_path, BORDEAUX, "again-1")
    status, output, errors = await tribunal(system, "redeliver", BORDEAUX, "--from", "2026-01-01")
    assert status == 0, errors
    assert int(output.rstrip(".\n").rpartition(" ")[2]) >= 1
    status, output, errors = await tribunal(system, "reply", BORDEAUX, str(one), "acknowledged", "--json")
    assert status == 0, errors
    assert json.loads(output)["entry"]["fact"] == "acknowledged"


async def test_rows_deleted_from_the_view_are_found_and_mended_by_one_command(system: System, tmp_path: Path) -> None:
    # The procedure of the mail above: what was said of it has come back by now, or will soon.
    sample = next(one for one in read_samples() if one.administration == "dreal-33")
    file = tmp_path / "one.ndjson"
    file.write_text(json.dumps({**sample.procedure, "idempotency_key": "mailed-1"}) + "\n")
    (procedure,) = await system.send(file)
    for service in ("intake", "numbering", "routing", "notify"):
        # Twice a minute each looks for what it has said.
        await until(partial(has_come_back, system, service, procedure), seconds=60, what=service)
    before = await shown(system, procedure)
    view = await asyncpg.connect(system.run_file["services"]["query"]["database"])
    for table, column in (("timeline", "procedure_id"), ("procedures", "id")):
        await view.execute(f"DELETE FROM {table} WHERE {column} = $1", procedure)  # noqa: S608
    await view.close()

    code, told = await reconciled(system)
    lost = {(one["fact"], one["lacking_in"]) for one in told["missing"] if one["procedure"] == str(procedure)}
    assert (code, lost) == (1, {(entry["fact"], "query") for entry in before["timeline"]})
    code, told = await reconciled(system, "--resend")
    assert (code, told["missing"]) == (0, [])
    assert await shown(system, procedure) == before


async def reconciled(system: System, *words: str) -> tuple[int | None, dict[str, Any]]:
    """Exit code and document of `infoparquet reconcile`."""
    process = await system.command(
        "reconcile", "--json", "--after", "0", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    written, said = await asyncio.wait_for(process.communicate(), 60)
    assert not said, said.decode()
    return process.returncode, json.loads(written)


async def shown(system: System, procedure: UUID) -> dict[str, Any]:
    """As the view has it."""
    async with httpx.AsyncClient(verify=trusted(), headers=system.token("administration:dreal-33")) as client:
        answer = await client.get(f"{system.url('query')}/v1/procedures/{procedure}", timeout=30)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


async def has_come_back(system: System, service: str, procedure: UUID) -> bool:
    async with httpx.AsyncClient(verify=trusted(), headers=system.token("operator")) as client:
        said = (await client.get(f"{system.url(service)}/v1/reconciliation", timeout=30)).json()["records"]
    states = {one["state"] for one in said if one["procedure"] == str(procedure)}
    return states == {"heard"}
