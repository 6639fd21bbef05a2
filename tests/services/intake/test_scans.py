"""Each whole document is scanned; until it is, and where it is infected, nobody gets its bytes, and all see why."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chassis.service import Service
from services.intake.contents import Contents
from services.intake.objects import Objects
from services.intake.scanning import Scanner
from services.intake.scans import LEASE, RETRY, Scans
from services.intake.service import build
from services.intake.turns import Turns
from tests.services.intake.builders import BORDEAUX, NOON, a_procedure, delivery_to
from tests.services.intake.clamd import EICAR, MB, SIGNATURE, Clamd, needs_clamd
from tests.services.intake.conftest import DREAL, EMPTIED, Intake, Settings, running
from tests.services.intake.documents import PDF, deposited
from tests.services.issuer import Issuer

COURT = f"tribunal:{BORDEAUX}"
NOBODY = "tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def scanned_service(told: Settings) -> Service:
    """Intake that has its documents scanned; its worker does not run here."""
    return build(told(scanner_url=NOBODY))


@asynccontextmanager
async def at(service: Service, told: Settings, issuer: Issuer, now: datetime) -> AsyncIterator[Intake]:
    async with running(service, told(scanner_url=NOBODY), issuer, now=now) as one:
        yield one


@pytest.fixture
async def intake(scanned_service: Service, told: Settings, issuer: Issuer) -> AsyncIterator[Intake]:
    async with at(scanned_service, told, issuer, NOON) as one:
        async with one.running.engine.begin() as connection:
            await connection.execute(text(f"TRUNCATE {EMPTIED}"))
        yield one


def scans(intake: Intake, folder: Path, url: str) -> Scans:
    """What a replica's worker does, by that scanner."""
    parts = intake.running.parts
    return Scans(parts, Contents(Objects(folder.as_uri()), Turns(parts.transactions)), Scanner(url))


async def described(intake: Intake, document: str, organisation: str = DREAL) -> dict[str, Any]:
    answer = await intake.get(f"/v1/documents/{document}/description", organisation)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def refusal(intake: Intake, document: str, organisation: str = DREAL) -> str:
    answer = await intake.get(f"/v1/documents/{document}", organisation)
    assert answer.status_code == 409, answer.text
    return str(answer.json()["type"]).rpartition("/")[2]


async def test_what_is_not_yet_scanned_is_not_handed_out_and_delays_no_procedure(intake: Intake) -> None:
    document = await deposited(intake)
    assert (await intake.post(a_procedure(documents=[document]), key="k1")).status_code == 202
    assert (await described(intake, document))["scan"] == {"state": "waiting", "signature": None, "time": None}
    assert await refusal(intake, document) == "document-not-scanned"


async def test_a_scanner_that_is_down_is_seen_and_asked_again(
    intake: Intake, object_folder: Path, scanned_service: Service, told: Settings, issuer: Issuer
) -> None:
    document = await deposited(intake)
    assert await scans(intake, object_folder, NOBODY).scan_due() == 1
    assert (await described(intake, document))["scan"]["state"] == "delayed"
    assert await refusal(intake, document) == "document-not-scanned"
    assert await scans(intake, object_folder, NOBODY).scan_due() == 0
    async with at(scanned_service, told, issuer, NOON + RETRY + timedelta(seconds=1)) as later:
        assert await scans(later, object_folder, NOBODY).scan_due() == 1


@needs_clamd
async def test_what_is_clean_is_handed_out(intake: Intake, object_folder: Path, scanner: Clamd) -> None:
    document = await deposited(intake)
    assert await scans(intake, object_folder, scanner.unix).scan_due() == 1
    assert (await described(intake, document))["scan"]["state"] == "clean"
    assert (await intake.get(f"/v1/documents/{document}", DREAL)).content == PDF


@needs_clamd
async def test_what_is_infected_is_never_handed_out_and_cannot_be_attached(
    intake: Intake, object_folder: Path, scanner: Clamd
) -> None:
    document = await deposited(intake, EICAR)
    await scans(intake, object_folder, scanner.tcp).scan_due()
    scan = (await described(intake, document))["scan"]
    assert (scan["state"], scan["signature"]) == ("infected", SIGNATURE)
    assert await refusal(intake, document) == "document-infected"
    answer = await intake.post(a_procedure(documents=[document]), key="k1")
    assert answer.status_code == 400
    assert SIGNATURE in answer.json()["errors"][0]["detail"]


@needs_clamd
async def test_what_turns_out_to_be_infected_once_attached_is_said(
    intake: Intake, object_folder: Path, scanner: Clamd
) -> None:
    document = await deposited(intake, EICAR)
    one = (await intake.post(a_procedure(documents=[document]), key="k1")).json()["id"]
    added = await deposited(intake, EICAR)
    supplement = (await intake.go_on(one, "supplements", {"documents": [added]}, key="s1")).json()["id"]
    await intake.facts_arrive(*delivery_to(one))
    worker = scans(intake, object_folder, scanner.unix)
    assert await worker.scan_due() == 2
    assert await worker.scan_due() == 0
    said = (await intake.said())[2:]
    assert {(str(fact.subject), str(fact.data.document), fact.data.supplement) for fact in said} == {
        (one, document, None),
        (one, added, said[0].data.supplement or said[1].data.supplement),
    }
    assert supplement in {str(fact.data.supplement) for fact in said}
    assert await refusal(intake, document, COURT) == "document-infected"
    dossier = (await intake.get(f"/v1/dossiers/{one}", COURT)).json()
    assert {shown["scan"]["state"] for shown in dossier["attachments"]} == {"infected"}


@needs_clamd
async def test_what_the_scanner_does_not_take_is_handed_out_with_a_warning(
    intake: Intake, object_folder: Path, scanner: Clamd
) -> None:
    document = await deposited(intake, bytes(13 * MB))
    await scans(intake, object_folder, scanner.unix).scan_due()
    told = await described(intake, document)
    assert told["scan"]["state"] == "unscannable"
    assert "unscannable" in {one["code"] for one in told["warnings"]}
    assert (await intake.get(f"/v1/documents/{document}", DREAL)).status_code == 200


@needs_clamd
async def test_what_a_killed_replica_had_in_hand_is_scanned_by_another(
    intake: Intake,
    object_folder: Path,
    scanner: Clamd,
    scanned_service: Service,
    told: Settings,
    issuer: Issuer,
) -> None:
    document = await deposited(intake)
    async with intake.running.engine.begin() as connection:
        # As it is claimed.
        await connection.execute(text("UPDATE documents SET scan_at = :until").bindparams(until=NOON + LEASE))
    assert await scans(intake, object_folder, scanner.unix).scan_due() == 0
    async with at(scanned_service, told, issuer, NOON + LEASE) as later:
        assert await scans(later, object_folder, scanner.unix).scan_due() == 1
        assert (await described(later, document))["scan"]["state"] == "clean"
