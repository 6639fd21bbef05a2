"""`infoparquet dead-letters` as an operator runs it, on two services that answer over real HTTP."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.facts import Submitted
from sqlalchemy import text

from chassis.errors import Unprocessable
from chassis.migration import migrate
from chassis.outbox import Outgoing
from reference import default_url
from services.numbering.service import build
from services.numbering.settings import NumberingSettings
from tests.builders import a_submission, an_event
from tests.conftest import Databases
from tests.processes import ROOT
from tests.services.in_process import in_process, told
from tests.services.intake.conftest import listening
from tests.services.issuer import Issuer, serving

pytestmark = pytest.mark.asyncio
HOSTILE = b"{\x1b[2J"


@dataclass
class Desk:
    """Two services, each with a letter and what waits behind it; `mended` once the fault is repaired."""

    folder: Path
    services: dict[str, Any]
    mended: bool = False

    async def run(self, *words: str, columns: int = 120) -> tuple[int | None, str, str]:
        """Exit code, what was written, what was said on standard error."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli.main", "dead-letters", *words, "--data", str(self.folder),
            cwd=ROOT, env={**os.environ, "COLUMNS": str(columns)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            written, said = await process.communicate()
        return process.returncode, written.decode(), said.decode()

    async def listed(self, *words: str) -> list[dict[str, Any]]:
        code, written, said = await self.run("list", "--json", *words)
        assert code == 0, said
        found: list[dict[str, Any]] = json.loads(written)["dead_letters"]
        return found


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with serving() as one:
        yield one


@pytest_asyncio.fixture
async def desk(databases: Databases, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    """Numbering twice, under two names: the command knows them by their name and address alone."""
    one = Desk(tmp_path, {})

    async def refuse(_: object, __: object) -> list[Outgoing]:
        if not one.mended:
            raise Unprocessable(DeadLetterCode.UNPROCESSABLE, "/places/0/commune")
        return []

    async with AsyncExitStack() as stack:
        addresses = {}
        for name in ("numbering", "query"):
            url = await databases(name)
            settings = NumberingSettings(**told(url, issuer), reference_url=default_url())
            service = replace(build(settings), handlers={Submitted: refuse})
            await migrate(url, service.migrations)
            made = await stack.enter_async_context(in_process(service, settings, issuer, tables="numbers, sequences"))
            at_fault = an_event(a_submission())
            await made.read(at_fault, *(an_event(a_submission(), subject=at_fault.subject) for _ in range(2)))
            one.services[name] = made
            addresses[name] = await stack.enter_async_context(listening(made.running.app))
        services = {name: {"url": url, "urls": ["http://127.0.0.1:9", url]} for name, url in addresses.items()}
        run = {"services": services, "tokens": {"operator": issuer.token("operator")}}
        (tmp_path / "run.json").write_text(json.dumps(run))
        yield one


async def test_every_services_letters_are_listed_for_people_on_a_narrow_and_a_wide_terminal(desk: Desk) -> None:
    for columns in (80, 120):
        code, table, _ = await desk.run("list", columns=columns)
        assert code == 0
        assert max(map(len, table.splitlines())) <= columns
        for word in ("numbering", "query", "Fait inapplicable", "/places/0/commune", "procedures.v1 [0] 1", "Derrière"):
            assert word in table
    (alone,) = await desk.listed("--service", "query")
    assert (alone["service"], alone["parked"]) == ("query", 2)


async def test_a_letter_is_shown_replayed_and_discarded_by_the_beginning_of_its_id(desk: Desk) -> None:
    first, second = sorted(await desk.listed(), key=lambda one: str(one["service"]))
    code, shown, _ = await desk.run("show", first["id"])
    assert (code, '"reference": "DREAL33-1"' in shown, "Fait inapplicable" in shown) == (0, True, True)
    code, _, said = await desk.run("replay", first["id"])
    assert (code, said.splitlines()) == (
        1,
        [
            "La lettre échoue encore : Fait inapplicable (unprocessable). Elle reste ouverte, et rien n’a changé.",
            "  /places/0/commune : Fait inapplicable (unprocessable)",
        ],
    )
    desk.mended = True
    code, written, _ = await desk.run("replay", first["id"].upper()[:30])
    assert (code, written) == (
        0,
        f"Lettre {first['id']} de numbering rejouée ; les 2 messages qui attendaient derrière elle sont repartis.\n",
    )
    code, written, _ = await desk.run("discard", second["id"][:30], "--reason", "en double", "--json")
    assert (code, json.loads(written)) == (
        0,
        {"service": "query", "id": second["id"], "released": 2, "parked": 0, "behind": None},
    )
    assert await desk.listed() == []
    code, _, said = await desk.run("replay", second["id"])
    assert (code, "déjà close par agent-7 (operator)" in said) == (1, True)
    code, shown, _ = await desk.run("show", second["id"])
    assert "écartée par agent-7 (operator) : en double" in shown


async def test_a_beginning_that_several_letters_share_says_so(desk: Desk) -> None:
    letters = await desk.listed()
    code, _, said = await desk.run("replay", letters[0]["id"][:4])
    assert code == 2
    assert all(one["id"] in said for one in letters)
    for wrong, expected in (("ffffffff", 1), ("abc", 2), ("é" * 9, 1)):
        assert (await desk.run("show", wrong))[0] == expected
    assert (await desk.run("list", "--service", "portal"))[0] == 2
    assert (await desk.run("discard", letters[0]["id"]))[0] == 2


async def test_a_letter_cannot_write_to_the_operators_terminal(desk: Desk) -> None:
    async with desk.services["query"].running.engine.begin() as connection:
        await connection.execute(text("UPDATE dead_letters SET value = :value"), {"value": HOSTILE})
    (letter,) = await desk.listed("--service", "query")
    code, shown, _ = await desk.run("show", letter["id"])
    assert (code, "\x1b" in shown, "{�[2J" in shown) == (0, False, True)


async def test_a_service_that_does_not_answer_is_a_failure_and_hides_no_other(desk: Desk) -> None:
    run = json.loads((desk.folder / "run.json").read_text())
    run["services"]["intake"] = {"url": "http://127.0.0.1:9", "urls": ["http://127.0.0.1:9"]}
    (desk.folder / "run.json").write_text(json.dumps(run))
    code, written, said = await desk.run("list", "--json")
    document = json.loads(written)
    assert (code, len(document["dead_letters"])) == (1, 2)
    assert [one["service"] for one in document["unanswered"]] == ["intake"]
    assert "intake : ne répond pas" in said
    name = document["dead_letters"][0]["id"]
    assert (await desk.run("show", name[:30]))[0] == 1
    assert (await desk.run("show", name))[0] == 0
