"""No list reads every procedure: each filter has its index."""

from datetime import date
from typing import Any

from infoparquet_contracts.codes import Status
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.clock import new_id
from services.query.rights import Everything, OfAdministration, OfTribunal, Sight
from services.query.search import Criteria, Mark, statement
from tests.builders import NOON
from tests.services.in_process import InProcess

# 300 administrations, 164 courts of very different sizes, one in eight urgent, nearly all delivered, some declined.
FILL = """
    INSERT INTO procedures (id, administration, reference, kind, submitted_at, state)
    SELECT uuidv7(), 'adm-' || n % 300, 'REF-' || n, 'report', timestamptz '2026-01-01' + n * interval '24 minutes',
           jsonb_build_object(
               'status', CASE WHEN n % 1000 = 0 THEN 'routed' ELSE 'delivered' END,
               'number', '2026-' || lpad(n::text, 8, '0') || '-00',
               'tribunal', 'tj' || lpad((floor(164 * power(random(), 3)))::text, 5, '0'),
               'urgency', CASE WHEN n % 8 = 0 THEN jsonb_build_object('reason', 'danger', 'until', null) END,
               'delivery', CASE WHEN n % 1000 > 0 THEN uuidv7()::text END,
               'declined_by', CASE WHEN n % 50 = 0 THEN jsonb_build_array('tj00150') ELSE jsonb_build_array() END)
    FROM generate_series(1, 20000) AS n
"""
SMALL_COURT, LARGE_COURT = OfTribunal("tj00160"), OfTribunal("tj00000")
ASKED: list[tuple[Sight, Criteria, Mark | None]] = [
    (Everything(), Criteria(), None),
    (Everything(), Criteria(), Mark(NOON, new_id())),
    (Everything(), Criteria(status=Status.ROUTED), None),
    (Everything(), Criteria(status=Status.CLOSED), None),
    (Everything(), Criteria(urgent=True), None),
    (Everything(), Criteria(urgent=False), None),
    (Everything(), Criteria(tribunal="tj00160"), None),
    (Everything(), Criteria(administration="adm-7"), None),
    (Everything(), Criteria(since=date(2026, 3, 1), until=date(2026, 3, 2)), None),
    (Everything(), Criteria(q="2026-0000012"), None),
    (Everything(), Criteria(q="ref-123"), None),
    (Everything(), Criteria(q="0192f0c1"), None),
    (OfAdministration("adm-7"), Criteria(urgent=True), None),
    (OfAdministration("adm-7"), Criteria(status=Status.ROUTED), None),
    (SMALL_COURT, Criteria(), None),
    (SMALL_COURT, Criteria(status=Status.DECLINED), None),
    (LARGE_COURT, Criteria(), Mark(NOON, new_id())),
    (LARGE_COURT, Criteria(urgent=True), None),
]


async def plan_of(engine: AsyncEngine, asked: Select[Any]) -> str:
    """PostgreSQL's plan, with the parameters as the driver sends them."""
    compiled = asked.compile(dialect=engine.dialect)
    parameters = [compiled.params[name] for name in compiled.positiontup or ()]
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        return "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {compiled}", *parameters))


async def test_no_filter_reads_every_procedure(query: InProcess) -> None:
    engine = query.running.engine
    async with engine.begin() as connection:
        await connection.execute(text(FILL))
        await connection.execute(text("ANALYZE procedures"))
    for sight, criteria, after in ASKED:
        plan = await plan_of(engine, statement(sight, criteria, after=after, limit=51))
        assert "Seq Scan" not in plan, f"{sight} {criteria}\n{plan}"
