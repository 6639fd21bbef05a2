"""No page of the feed reads what it does not show."""

from uuid import UUID

from sqlalchemy import text

from services.query import feed_store
from services.query.feed_store import BEGINNING, Place, Scope
from services.query.rights import Everything, OfAdministration, OfTribunal
from tests.services.in_process import InProcess
from tests.services.query.plans import plan_of

# 300 administrations and 160 courts; every procedure has ten facts.
FILL_FEED = """
    INSERT INTO feed SELECT n, 1, uuidv7(), md5((n / 10)::text)::uuid, 'adm-' || n % 300, 'REF', 'tj' || n % 160, NULL,
                            'fr.justice.infoparquet.procedure.numbered.v1', '/services/numbering', now(), '{}'
    FROM generate_series(1, 20000) AS n
"""
PROCEDURE = UUID("d41d8cd9-8f00-b204-e980-0998ecf8427e")


async def test_no_page_of_the_feed_reads_what_it_does_not_show(query: InProcess) -> None:
    engine = query.running.engine
    async with engine.begin() as connection:
        await connection.execute(text(FILL_FEED))
        await connection.execute(text("ANALYZE feed"))
    scopes = (Scope(Everything()), Scope(OfAdministration("adm-7")), Scope(OfTribunal("tj42")))
    for scope in (*scopes, Scope(Everything(), PROCEDURE), Scope(OfAdministration("adm-7"), PROCEDURE)):
        for after in (BEGINNING, Place(19_000, 1)):
            plan = await plan_of(engine, feed_store.statement(scope, after, 201))
            assert "Seq Scan" not in plan, f"{scope} {after}\n{plan}"
            assert scope == scopes[0] or "feed_pkey" not in plan, f"{scope} {after}\n{plan}"
