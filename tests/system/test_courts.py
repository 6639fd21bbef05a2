"""Courts against the running system: the clients of the page and the command, whose replies are taken or refused."""

import asyncio
import json
import shutil
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from chassis.tls import trusted
from tests.docs.court_clients import client, script
from tests.processes import until
from tests.system.conftest import System

pytestmark = pytest.mark.asyncio(loop_scope="module")

BORDEAUX, BAYONNE = "tj33063", "tj64102"


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
        async with httpx.AsyncClient(verify=trusted(), timeout=10) as http:
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
