"""Databases are lost and restored from an hour ago: services learn back what they said, and say nothing twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from infoparquet_contracts.replies import AcknowledgedReply
from infoparquet_contracts.topics import JOURNAL

from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from tests import audit
from tests.docs.recovery_page import commands, run
from tests.faults.road import COMMUNES, Road, open_road
from tests.faults.test_replies import answer, states, taken
from tests.processes import until
from tests.services.intake.builders import a_procedure
from tests.services.issuer import Issuer, serving
from tests.services.notify.smtp import Server, smtp_server

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("restore")]

NAMES = ("intake", "numbering", "routing", "notify", "query")
BACK_UP, RESTORE = "Back a service's database up", "Restore a service's database"
DREAL = "administration:dreal-33"


@dataclass
class Whole:
    """The five services, and those whom they write to."""

    road: Road
    issuer: Issuer
    smtp: Server

    @property
    def intake(self) -> str:
        """Where it is."""
        return f"http://{self.road.services['intake'].environment['INFOPARQUET_LISTEN']}"

    async def start(self) -> None:
        """Start the five; intake is ready when this returns."""
        await asyncio.gather(*(service.start() for service in self.road.services.values()))
        await self.ready("intake")

    async def ready(self, name: str) -> None:
        """Wait until a service is."""

        async def there() -> bool:
            try:
                async with self.operator(name) as http:
                    return (await http.get("/readyz")).is_success
            except httpx.TransportError:
                return False

        await until(there, what=f"{name} is ready")

    async def post(self, *places: int) -> list[UUID]:
        """One procedure for each, under its own key; the ids in the answers."""
        ids = []
        async with httpx.AsyncClient(base_url=self.intake, headers=self.issuer.bearer(DREAL), trust_env=False) as http:
            for place in places:
                where = [{"ground": "facts", "commune": COMMUNES[place % len(COMMUNES)]}]
                # Of no offence for which a second court is told.
                body = a_procedure(reference=f"DREAL33-{place}", places=where, natinf=None)
                answered = await http.post("/v1/procedures", json=body, headers={"Idempotency-Key": f"key-{place}"})
                ids.append(UUID(answered.raise_for_status().json()["id"]))
        return ids

    def operator(self, name: str) -> httpx.AsyncClient:
        """An operator's, of one service."""
        address = f"http://{self.road.services[name].environment['INFOPARQUET_LISTEN']}"
        return httpx.AsyncClient(base_url=address, headers=self.issuer.bearer("operator"), trust_env=False)

    async def letter(self, name: str) -> str:
        """The one letter that a service has open, once it has."""
        async with self.operator(name) as http:

            async def there() -> str:
                letters = (await http.get("/v1/dead-letters")).raise_for_status().json()["dead_letters"]
                return str(letters[0]["id"]) if letters else ""

            return await until(there, what=f"a letter in {name}")

    async def replay(self, name: str, letter: str) -> None:
        """After a fix."""
        async with self.operator(name) as http:
            (await http.post(f"/v1/dead-letters/{letter}/replay")).raise_for_status()

    async def submit(self, count: int) -> None:
        """As many new ones, delivered."""
        first = len(self.road.submitted)
        ids = await self.post(*range(first, first + count))
        self.road.submitted += ids
        await self.road.arrived(ids)

    async def lost_dossiers(self) -> set[UUID]:
        """What the page's command lists."""
        (ask,) = commands("Dossiers to be sent again")
        told = {"INTAKE": self.intake, "TOKEN": self.issuer.token("operator")}
        return {UUID(one["id"]) for one in json.loads(await run(ask, self.road.folder, told))["dossiers"]}

    async def mails(self, count: int) -> None:
        """Wait until so many were sent, and the journal says so of each; none was sent twice."""

        async def said() -> bool:
            facts = [event.data.fact for _, event in await audit.read(self.road.kafka.bootstrap, JOURNAL)]
            return facts.count("notified") == count

        await until(said, what="mails said to be sent")
        # The same mail has the same id.
        assert (len(self.smtp.message_ids), len(set(self.smtp.message_ids))) == (count, count)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(road_folder: Path, postgres: Postgres) -> AsyncIterator[Whole]:
    """All five."""
    with serving() as issuer:
        async with (
            smtp_server() as smtp,
            ApacheKafka(road_folder / "kafka", *free_ports(2)) as kafka,
            open_road(
                kafka, postgres, road_folder, NAMES,
                INFOPARQUET_OIDC_ISSUER=issuer.url,
                INFOPARQUET_CLIENT_ID="tests",
                INFOPARQUET_CLIENT_SECRET="secret",  # noqa: S106
                INFOPARQUET_ROUTING_URL="http://127.0.0.1:9",
                INFOPARQUET_OBJECT_STORE_URL=(road_folder / "objects").as_uri(),
                INFOPARQUET_SMTP_URL=f"smtp://127.0.0.1:{smtp.port}",
            ) as road,
        ):  # fmt: skip
            yield Whole(road, issuer, smtp)


async def as_the_page_says(road: Road, title: str) -> None:
    """Run the one command under that heading for each service."""
    (command,) = commands(title)
    for name, service in road.services.items():
        await run(command, road.folder, {**service.environment, "SERVICE": name})


async def acknowledged(road: Road, before: int) -> None:
    """Courts take in all that was submitted after the first so many."""
    found = await states(road)
    await taken(road, await answer(road, {one: found[one] for one in road.submitted[before:]}, AcknowledgedReply))


async def each_once(road: Road, many: int) -> None:
    """So many procedures were taken in, each numbered, delivered and acknowledged once."""
    await audit.audit(road.kafka.bootstrap, road.submitted, and_then=("acknowledged",))
    assert await road.rows("numbering", "SELECT count(*), max(sequence) FROM numbers") == [(many, many)]
    told = "SELECT count(*), count(DISTINCT procedure_id) FROM court_messages"
    assert await road.rows("routing", told) == [(many, many)]


async def test_nothing_is_said_twice_after_databases_were_restored(whole: Whole) -> None:
    road = whole.road
    await whole.start()
    await whole.submit(6)
    await as_the_page_says(road, BACK_UP)
    await whole.submit(9)
    await acknowledged(road, 0)
    await whole.mails(2 * 15)

    await asyncio.gather(*(service.kill() for service in road.services.values()))
    await as_the_page_says(road, RESTORE)
    await whole.start()
    await whole.submit(6)
    await acknowledged(road, 15)
    await whole.mails(2 * 21)
    await each_once(road, 21)
    receipts = "SELECT count(*), count(placed_at) FROM deliveries"
    assert await road.rows("routing", receipts) == [(21, 21)]


async def test_dossiers_that_were_lost_are_listed_and_come_back_under_their_keys(whole: Whole) -> None:
    since_the_backup = whole.road.submitted[6:15]
    assert await whole.lost_dossiers() == {*since_the_backup}
    assert await whole.post(*range(6, 15)) == since_the_backup
    assert await whole.lost_dossiers() == set()


async def test_the_view_is_whole_after_its_database_was_restored_and_after_a_rebuild(whole: Whole) -> None:
    road = whole.road
    rebuild, as_json = commands("Rebuild the view")[0].splitlines()
    shown = "SELECT p.id, p.status, t.id FROM procedures AS p JOIN timeline AS t ON t.procedure_id = p.id"

    async def all_shown() -> list[tuple[Any, ...]]:
        found = sorted(await road.rows("query", shown))
        # The road, what the court said, and two mails.
        return found if len(found) == 21 * (5 + 2) else []

    before = await until(all_shown, what="all that was said shown")
    assert {status for _, status, _ in before} == {"acknowledged"}
    for command in (rebuild, as_json):
        await run(command, road.folder, road.services["query"].environment)
        assert await all_shown() == before


# By the table that it cannot fill, each service that cannot apply what is submitted.
REFUSING = {"numbering": "numbers", "routing": "procedures", "notify": "procedures"}


async def test_what_was_replayed_after_the_backup_is_known_again_and_not_done_a_second_time(whole: Whole) -> None:
    road = whole.road
    for name, table in REFUSING.items():
        await road.change(name, f"ALTER TABLE {table} ADD CONSTRAINT nothing_new CHECK (false) NOT VALID")
    (one,) = await whole.post(21)
    letters = {name: await whole.letter(name) for name in REFUSING}
    for name, table in REFUSING.items():
        await road.change(name, f"ALTER TABLE {table} DROP CONSTRAINT nothing_new")
    await as_the_page_says(road, BACK_UP)
    for name, letter in letters.items():
        await whole.replay(name, letter)
    road.submitted.append(one)
    await road.arrived([one])
    await acknowledged(road, 21)
    await whole.mails(2 * 22)

    await asyncio.gather(*(service.kill() for service in road.services.values()))
    await as_the_page_says(road, RESTORE)
    await whole.start()
    for name, letter in letters.items():
        await whole.ready(name)
        assert await whole.letter(name) == letter
        await whole.replay(name, letter)
    await whole.submit(1)
    await acknowledged(road, 22)
    await whole.mails(2 * 23)
    await each_once(road, 23)
