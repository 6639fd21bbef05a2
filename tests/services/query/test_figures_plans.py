"""Figures of a few days read the rows of those days."""

from datetime import date

from sqlalchemy import text

from services.query.filters import By
from services.query.rights import Everything, OfAdministration, OfTribunal
from services.query.statistics import Asking, reached_statement, waiting_statement
from tests.builders import NOON
from tests.services.in_process import InProcess
from tests.services.query.plans import plan_of

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
FIGURES = """
    INSERT INTO figures (id, submitted_at, status_at, urgent, held, unroutable, withdrawal_requested, status,
                         administration, tribunal, families, declined_by)
    SELECT id, submitted_at, submitted_at, urgent, held, false, false, status, administration,
           tribunal, 'I', declined_by FROM procedures
"""
SMALL_COURT = OfTribunal("tj00160")


async def test_figures_of_a_few_days_read_no_more_than_those(query: InProcess) -> None:
    engine = query.running.engine
    async with engine.begin() as connection:
        await connection.execute(text(FILL))
        await connection.execute(text(FIGURES))
        await connection.execute(text("ANALYZE figures"))
    days = date(2026, 3, 1), date(2026, 3, 7)
    for sight in (Everything(), OfAdministration("adm-7"), SMALL_COURT):
        for by in By:
            asking = Asking(sight, *days, by, NOON)
            plan = await plan_of(engine, reached_statement(asking))
            assert "Seq Scan" not in plan, f"{sight} {by}\n{plan}"
            if sight != Everything():
                plan = await plan_of(engine, waiting_statement(asking))
                assert "Seq Scan" not in plan, f"{sight} {by}\n{plan}"
