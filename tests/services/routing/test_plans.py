"""What a page of the operators' queue asks for is found by its index, however many replies courts ever sent."""

from typing import Any

from infoparquet_contracts.replies import DeclinedReply
from sqlalchemy import text

from chassis.clock import new_id
from services.routing.operations_store import declined
from tests.services.in_process import InProcess

FILL = """
    INSERT INTO replies (tribunal, id, procedure_id, digest, type, data, received_at, outcome)
    SELECT 'tj33063', gen_random_uuid(), gen_random_uuid(), '', :declined, '{}', now(), 'taken'
    FROM generate_series(1, 10000)
"""


async def test_who_declined_is_not_looked_for_in_every_reply(routing: InProcess) -> None:
    engine = routing.running.engine
    asked = declined([new_id() for _ in range(100)]).compile(dialect=engine.dialect)
    async with engine.connect() as connection:
        await connection.execute(text(FILL), {"declined": DeclinedReply.event_type})
        await connection.execute(text("ANALYZE replies"))
        driver: Any = (await connection.get_raw_connection()).driver_connection
        rows = await driver.fetch(f"EXPLAIN {asked}", *(asked.params[name] for name in asked.positiontup or ()))
        await connection.rollback()
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan, plan
