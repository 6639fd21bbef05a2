"""An inbox reads what waits in it, however many procedures the court has had."""

import pytest
from sqlalchemy import text

from services.query.portal.listing import waiting
from services.query.rights import OfTribunal
from services.query.rows import Criteria
from services.query.search import in_order
from tests.services.in_process import InProcess
from tests.services.query.plans import plan_of

# One court in ten rows, one row in a hundred waiting, the others closed.
FILL = """
    INSERT INTO procedures (id, administration, reference, kind, submitted_at, state)
    SELECT uuidv7(), 'dreal-33', 'REF-' || n, 'report', timestamptz '2026-01-01' + n * interval '24 minutes',
           jsonb_build_object(
               'status', CASE WHEN n % 100 = 0 THEN 'delivered' ELSE 'closed' END,
               'tribunal', 'tj' || lpad((n / 7 % 10)::text, 5, '0'),
               'urgency', CASE WHEN n % 8 = 0 THEN jsonb_build_object('reason', 'danger', 'until', null) END,
               'delivery', uuidv7()::text,
               'declined_by', jsonb_build_array())
    FROM generate_series(1, 20000) AS n
"""


@pytest.mark.parametrize("urgent", [True, False])
async def test_the_inbox_has_an_index_of_its_own(query: InProcess, urgent: bool) -> None:
    engine = query.running.engine
    async with engine.begin() as connection:
        await connection.execute(text(FILL))
        await connection.execute(text("ANALYZE procedures"))
    inbox = waiting("tj00003")
    asked = in_order(OfTribunal("tj00003"), Criteria(urgent=urgent), after=None, limit=51, also=inbox)
    plan = await plan_of(engine, asked)
    assert "procedures_inbox" in plan, plan
    # Of an inbox that nobody empties, the urgent ones are not looked for among the others.
    assert f"urgent = {str(urgent).lower()}" in plan, plan
    assert "Seq Scan" not in plan, plan
