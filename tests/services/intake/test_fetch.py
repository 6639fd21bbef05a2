"""`infoparquet tribunal fetch`: a procedure from the court's real topic and the real intake to a clerk's folder."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from infoparquet_contracts.court import Recall, Supplement
from infoparquet_contracts.envelope import Event
from typer.testing import CliRunner, Result

from chassis.clock import new_id
from cli.procedure_folder import procedure_folder
from cli.tribunal import tribunal
from deploy.local.kafka import ApacheKafka
from reference import default_url, load
from services.intake.service import build
from tests.builders import an_event
from tests.cli.court_topic import CourtTopic, a_delivery
from tests.docs.court_clients import blocks
from tests.services.intake.builders import a_procedure, declined, delivery_to, numbered
from tests.services.intake.conftest import Intake, Settings, listening, running
from tests.services.intake.documents import PDF, deposited
from tests.services.issuer import Issuer

APP = typer.Typer()
APP.add_typer(tribunal, name="tribunal")
NUMBER = "2026-00000042-26"
# Topics' names are fixed, and other files take theirs from both ends of the list.
_COURTS = iter(list(load(default_url()).courts)[40:140])
NOTES = b"Notes de l'inspecteur\n" * 20_000


@dataclass
class Court:
    """A court with its topic, and an intake that hands it dossiers."""

    intake: Intake
    topic: CourtTopic
    url: str
    to: Path

    @property
    def folder(self) -> Path:
        return self.to / NUMBER

    async def run(self, *words: str, kafka: bool = True) -> Result:
        code = self.topic.court
        where = ["--to", str(self.to), "--url", self.url, "--token", self.intake.issuer.token(f"tribunal:{code}")]
        where += ["--kafka", self.topic.bootstrap] if kafka else []
        return await asyncio.to_thread(CliRunner().invoke, APP, ["tribunal", "fetch", *words, *where])

    async def fetch(self, *words: str) -> dict[str, Any]:
        """What `--json` says, and the folder's manifest too."""
        result = await self.run(self.topic.court, NUMBER, "--json", *words)
        told: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (0 if told["complete"] else 1), result.stderr
        assert json.loads((self.folder / "manifest.json").read_text()) == told
        return told

    async def handed(self, *contents: tuple[str, bytes]) -> Event[Any]:
        """A procedure with these documents, delivered."""
        documents = [await self.deposited(name, content) for name, content in contents]
        made = await self.intake.post(a_procedure(documents=documents), key=str(new_id()))
        assert made.status_code == 202, made.text
        submitted = next(one for one in await self.intake.said() if str(one.subject) == made.json()["id"])
        facts = [numbered(made.json()["id"], NUMBER), *delivery_to(made.json()["id"], self.topic.court)]
        await self.intake.facts_arrive(*facts)
        drawn = a_delivery(self.topic.court, number=NUMBER)
        data = drawn.data.model_copy(update={"procedure": submitted.subject, "documents": submitted.data.documents})
        event = replace(drawn, id=facts[-1].data.delivery, subject=submitted.subject, data=data)
        await self.topic.hand_over([a_delivery(self.topic.court, number="2026-00000043-23"), event])
        return event

    async def deposited(self, name: str, content: bytes) -> str:
        disposition = f'attachment; filename="{name}"'
        return await deposited(self.intake, content, **{"Content-Disposition": disposition})

    async def supplemented(self, delivery: Event[Any], content: bytes) -> Event[Any]:
        """A supplement in the dossier, and the message that has yet to tell of it."""
        one = await self.deposited("suite.pdf", content)
        body = {"text": "La suite.", "documents": [one]}
        made = await self.intake.go_on(str(delivery.subject), "supplements", body, key=str(new_id()))
        assert made.status_code == 202, made.text
        (said,) = [each for each in await self.intake.said() if each.data.fact == "supplemented"]
        data = Supplement(procedure=delivery.subject, delivery=delivery.id, documents=said.data.documents)
        return an_event(data, subject=delivery.subject, source="/services/routing")

    async def readings(self) -> int:
        return await self.intake.count("document_readings")


@pytest.fixture
async def court(intake: Intake, kafka_server: ApacheKafka, tmp_path: Path) -> AsyncIterator[Court]:
    topic = await CourtTopic.create(kafka_server.bootstrap, next(_COURTS))
    async with listening(intake.running.app) as url:
        yield Court(intake, topic, url, tmp_path / "dossiers")


def states(told: dict[str, Any]) -> list[str]:
    return [one["state"] for one in told["documents"]]


async def test_everything_of_a_procedure_is_in_its_folder(court: Court) -> None:
    event = await court.handed(("constat.pdf", PDF), ("constat.pdf", PDF + b"%"), ("notes.pdf", NOTES))
    told = await court.fetch()
    assert (told["complete"], told["checked_against"], told["delivery"]) == (True, "delivery", str(event.id))
    documents = court.folder / "documents"
    assert {one.name: one.read_bytes() for one in documents.iterdir()} == {
        "01 - constat.pdf": PDF,
        "02 - constat.pdf": PDF + b"%",
        "03 - notes.pdf": NOTES,
    }
    delivery = json.loads((court.folder / "delivery.json").read_text("utf-8"))
    assert (delivery["id"], delivery["data"]) == (str(event.id), event.data.model_dump(mode="json"))
    dossier = json.loads((court.folder / "dossier.json").read_text("utf-8"))
    assert dossier["persons"] == a_procedure()["persons"]
    assert court.folder.stat().st_mode & 0o777 == 0o700


async def test_a_clerk_can_check_by_hand_also_what_is_missing(court: Court) -> None:
    await court.handed(("constat.pdf", PDF), ("notes.pdf", NOTES))
    await court.fetch()

    def checked() -> int:
        command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
        return subprocess.run(command, cwd=court.folder, check=False, capture_output=True).returncode  # noqa: S603

    assert await asyncio.to_thread(checked) == 0
    (court.folder / "documents" / "02 - notes.pdf").unlink()
    assert await asyncio.to_thread(checked) == 1


async def test_run_again_it_brings_only_what_is_missing_or_damaged(court: Court) -> None:
    await court.handed(("a.pdf", PDF), ("b.pdf", PDF + b"%"), ("c.pdf", NOTES))
    assert states(await court.fetch()) == ["received"] * 3
    (court.folder / "documents" / "02 - b.pdf").unlink()
    (court.folder / "documents" / "03 - c.pdf").write_bytes(NOTES[:-1] + b"?")
    before = await court.readings()
    assert states(await court.fetch()) == ["present", "received", "received"]
    assert await court.readings() - before == 2
    assert (court.folder / "documents" / "03 - c.pdf").read_bytes() == NOTES


async def test_an_interrupted_document_is_gone_on_with(court: Court) -> None:
    await court.handed(("notes.pdf", NOTES))
    documents = court.folder / "documents"
    documents.mkdir(parents=True)
    (documents / "01 - notes.pdf.part").write_bytes(NOTES[:100_000])
    assert states(await court.fetch()) == ["received"]
    (row,) = await court.intake.rows("SELECT * FROM document_readings")
    assert "100000" in str(tuple(row))


async def test_a_supplement_comes_with_its_message(court: Court) -> None:
    event = await court.handed(("constat.pdf", PDF))
    supplement = await court.supplemented(event, NOTES)
    told = await court.fetch()
    assert states(told) == ["received", "not-delivered"]
    await court.topic.hand_over([supplement])
    told = await court.fetch()
    assert states(told) == ["present", "received"]
    assert told["documents"][1]["message"] == str(supplement.id)
    assert (court.folder / "documents" / "02 - suite.pdf").read_bytes() == NOTES
    kept = json.loads((court.folder / "supplements" / f"01 - {supplement.id}.json").read_text())
    assert kept["data"] == supplement.data.model_dump(mode="json")


@pytest.mark.parametrize("name", ["../../x", "", "CON", "x" * 250, "/etc/passwd"])
async def test_no_name_leads_out_of_the_folder(court: Court, name: str) -> None:
    await court.handed((name, PDF))
    assert states(await court.fetch()) == ["received"]
    (one,) = (court.folder / "documents").iterdir()
    assert one.name.startswith("01 - ")
    assert [each.name for each in court.to.iterdir()] == [NUMBER]


async def test_what_is_infected_is_named_and_the_others_come(court: Court) -> None:
    await court.handed(("a.pdf", PDF), ("b.pdf", PDF + b"%"))
    first = "(SELECT id FROM documents ORDER BY id LIMIT 1)"
    async with court.intake.running.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"UPDATE documents SET verdict = 'infected', signature = 'Eicar', scanned_at = now() WHERE id = {first}"  # noqa: S608
        )
    result = await court.run(court.topic.court, NUMBER)
    assert result.exit_code == 1
    assert "01 - a.pdf : Un programme malveillant est dans cette pièce (Eicar)." in result.stderr
    assert "Incomplet : 1 pièce sur 2 manque." in result.stderr
    assert "infectée" in result.stdout
    assert [one.name for one in (court.folder / "documents").iterdir()] == ["02 - b.pdf"]


async def test_what_is_not_scanned_yet_is_to_be_asked_for_again(court: Court, told: Settings, issuer: Issuer) -> None:
    await court.handed(("a.pdf", PDF))
    scanning = told(scanner_url="tcp://127.0.0.1:9")
    async with running(build(scanning), scanning, issuer) as strict, listening(strict.running.app) as url:
        result = await replace(court, url=url).run(court.topic.court, NUMBER)
    assert result.exit_code == 1
    assert "01 - a.pdf : Cette pièce n’est pas encore passée par l’antivirus" in result.stderr
    assert "Relancez la même commande plus tard" in result.stderr
    assert states(await court.fetch()) == ["received"]


async def test_what_to_know_before_opening_is_shown(court: Court) -> None:
    await court.handed(("a.pdf", PDF))
    async with court.intake.running.engine.begin() as connection:
        values = "mismatch = 'media-type-mismatch', declared_type = 'text/plain', verdict = 'unscannable'"
        await connection.exec_driver_sql(f"UPDATE documents SET {values}, scanned_at = now()")  # noqa: S608
    result = await court.run(court.topic.court, NUMBER)
    assert result.exit_code == 0, result.stderr
    for words in ("annoncé text/plain", "impossible", "alors que text/plain était annoncé", "ouvrez-la à l’écart"):
        assert words in " ".join(result.stdout.split())
    (one,) = (await court.fetch())["documents"]
    assert len(one["warnings"]) == 2


async def test_without_the_topic_the_dossier_is_taken_at_its_word(court: Court) -> None:
    event = await court.handed(("a.pdf", PDF))
    result = await court.run(court.topic.court, str(event.subject), "--json", kafka=False)
    assert result.exit_code == 0, result.stderr
    assert "Sans --kafka, les empreintes sont celles du dossier" in result.stderr
    shown = json.loads(result.stdout)
    assert (shown["checked_against"], shown["delivery"], states(shown)) == ("dossier", None, ["received"])
    assert not (court.folder / "delivery.json").exists()
    assert states(await court.fetch()) == ["present"]


async def test_bytes_that_are_not_the_deliverys_are_not_kept(court: Court) -> None:
    event = await court.handed(("a.pdf", PDF), ("b.pdf", NOTES))
    wrong, right = event.data.documents
    data = event.data.model_copy(update={"documents": (wrong.model_copy(update={"sha256": "0" * 64}), right)})
    await court.topic.hand_over([replace(event, id=new_id(), data=data)])
    result = await court.run(court.topic.court, str(event.subject))
    assert result.exit_code == 1
    assert "01 - a.pdf : Le contenu reçu n’est pas celui" in result.stderr
    assert [one.name for one in (court.folder / "documents").iterdir()] == ["02 - b.pdf"]


async def test_a_court_that_declined_is_told_so(court: Court) -> None:
    event = await court.handed(("a.pdf", PDF))
    await court.intake.facts_arrive(declined(str(event.subject), event.id, court.topic.court))
    closed = await court.run(court.topic.court, NUMBER)
    assert closed.exit_code == 1
    assert "n’est pas ouvert au tribunal" in closed.stderr
    recall = Recall(procedure=event.subject, delivery=event.id, reason="declined")
    await court.topic.hand_over([an_event(recall, subject=event.subject, source="/services/routing")])
    recalled = await court.run(court.topic.court, NUMBER)
    assert recalled.exit_code == 1
    assert "n’est plus saisi" in recalled.stderr
    assert not court.to.exists()


async def test_what_was_never_delivered_is_said(court: Court) -> None:
    result = await court.run(court.topic.court, "2026-00000099-99")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "n’a pas été remise" in result.stderr


async def test_the_token_tells_the_court_and_the_table_what_came(court: Court) -> None:
    await court.handed(("constat.pdf", PDF))
    result = await court.run(NUMBER)
    assert result.exit_code == 0, result.stderr
    assert "reçue" in result.stdout
    assert "1 pièce, aux empreintes de la remise, dans " in result.stdout
    assert (await court.run("tj33063", NUMBER, "more")).exit_code == 2


async def test_the_commands_of_the_page_do_what_it_says(court: Court) -> None:
    await court.handed(("constat.pdf", PDF))
    court.to.parent.mkdir(exist_ok=True)
    (commands,) = blocks("sh")
    told = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "INFOPARQUET_URL": court.url,
        "INFOPARQUET_TOKEN": court.intake.issuer.token(f"tribunal:{court.topic.court}"),
        "KAFKA": court.topic.bootstrap,
        "NUMBER": NUMBER,
    }
    process = await asyncio.create_subprocess_exec(
        "bash", "-ec", commands, env=os.environ | told, cwd=court.to.parent, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert "documents/01 - constat.pdf: " in out.decode()


async def test_two_at_once_do_not_write_the_same_folder(court: Court) -> None:
    await court.handed(("constat.pdf", PDF))
    with procedure_folder(court.to, NUMBER):
        result = await court.run(court.topic.court, NUMBER)
    assert result.exit_code == 1
    assert "Une autre commande remplit déjà" in result.stderr
    assert UUID((await court.fetch())["procedure"])
