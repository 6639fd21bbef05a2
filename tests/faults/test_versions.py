"""Two releases side by side, the older one without `routed` v2: an upgrade, a downgrade, and the way back up."""

import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from infoparquet_contracts.topics import JOURNAL

from cli.faults.evidence import records
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from tests import audit
from tests.faults.road import Road, open_road
from tests.processes import ROOT, ServiceProcess, until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("versions")]

BEFORE = {"PYTHONPATH": str(ROOT / "tests" / "faults" / "before")}
# With what had no effect: a fact that is learnt a second time would stand there too.
TIMELINES = "SELECT procedure_id, array_agg(split_part(type, '.', 5)) FROM timeline GROUP BY procedure_id"
UNKNOWN = "SELECT count(*) FROM unknown_facts"
LETTERS = "SELECT count(*) FROM dead_letters"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def road(road_folder: Path) -> AsyncIterator[Road]:
    broker_port, controller_port, database_port = free_ports(3)
    async with (
        ApacheKafka(road_folder / "kafka", broker_port, controller_port) as kafka,
        Postgres(road_folder / "postgres", database_port) as postgres,
        open_road(kafka, postgres, road_folder, ("numbering", "routing", "query")) as opened,
    ):
        yield opened


async def shown(road: Road, procedures: Sequence[UUID]) -> None:
    """Wait until the view shows the four facts of each of the procedures, each once."""
    wanted = Counter(audit.ROAD)

    async def all_shown() -> bool:
        timelines = {one: Counter(facts) for one, facts in await road.rows("query", TIMELINES)}
        assert all(timeline <= wanted for timeline in timelines.values()), timelines
        return all(timelines.get(one) == wanted for one in procedures)

    await until(all_shown, seconds=120, what="the road of each procedure in the view")


async def ends(*services: ServiceProcess) -> None:
    """As an operator stops a replica."""
    for one in services:
        one.send(signal.SIGTERM)
        assert await one.ended() == 0


async def go_on(road: Road, count: int = 12) -> list[UUID]:
    """More procedures, until they are delivered and shown."""
    procedures = await road.submit(count)
    await road.arrived(procedures)
    await shown(road, procedures)
    return procedures


async def versions(road: Road) -> Counter[str]:
    """How often the journal says `routed` at each version."""
    found = await records(road.kafka.bootstrap, JOURNAL)
    types = [dict(record.headers)["ce_type"].decode() for record in found]
    return Counter(one.rpartition(".")[2] for one in types if ".routed." in one)


async def test_two_releases_share_topics_and_tables_up_and_down(road: Road) -> None:
    numbering, routing, query = (road.services[name] for name in ("numbering", "routing", "query"))
    newer_routing, newer_query = await road.replica("routing"), await road.replica("query")
    try:
        # The release before, alone.
        await numbering.start()
        await routing.start(**BEFORE)
        await query.start(**BEFORE)
        old = await go_on(road)
        assert await versions(road) == {"v1": len(old)}

        # Both releases of the writer and of a reader, then the newer one alone.
        await newer_routing.start()
        await newer_query.start()
        await go_on(road)
        await ends(routing, query)
        new = await go_on(road)
        said = await versions(road)
        assert said["v1"] == len(road.submitted), "the overlap is for everyone"
        assert said["v2"] >= len(new)

        # A reader goes back: what it does not know is kept for it, and it goes on by the older version.
        await ends(newer_query)
        await query.start(**BEFORE)
        await go_on(road)
        ((kept,),) = await road.rows("query", UNKNOWN)
        assert kept == 12

        # The writer goes back, with a decision of the newer release that it has yet to hand over.
        await ends(numbering)
        undelivered = await road.submit(6)
        await until(lambda: decided(road, undelivered), what="decided by the newer release")
        await ends(newer_routing)
        await routing.start(**BEFORE)
        await numbering.start()
        await road.arrived(undelivered)
        await go_on(road)

        # And up again: what was kept is learnt, and was all known already.
        await ends(routing, query)
        await newer_routing.start()
        await newer_query.start()
        await go_on(road)
        await until(lambda: nothing_unknown(road), what="every fact learnt")
        await shown(road, road.submitted)
        await road.audit()
        assert [await road.rows(service, LETTERS) for service in road.services] == [[(0,)]] * 3
    finally:
        await newer_routing.kill()
        await newer_query.kill()


async def decided(road: Road, procedures: Sequence[UUID]) -> bool:
    known = await road.rows("routing", "SELECT id FROM procedures WHERE newer_decision IS NOT NULL")
    return set(procedures) <= {one for (one,) in known}


async def nothing_unknown(road: Road) -> bool:
    return await road.rows("query", UNKNOWN) == [(0,)]
