"""Procedures that were there before the codes have the codes that they would be given today."""

from dataclasses import replace

from alembic.script import ScriptDirectory
from infoparquet_contracts.facts import Submitted
from sqlalchemy import text

from chassis.clock import new_id
from chassis.golden import golden
from services.query.rebuilding import MIGRATIONS
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery

CODES = "SELECT id, codes FROM procedures ORDER BY id"


async def test_older_procedures_are_given_the_codes_of_what_was_submitted(query: InProcess) -> None:
    await query.read(
        *said(
            *until_delivery(a_submission("A", communes=("33063", "2A004"), natinf=("7", "22587"), nataff=("I51", "B")))
        ),
        *said(a_submission("B", administration="ddpp-2a-sud", communes=(), natinf=(), nataff=())),
        # Said twice: the first counts.
        *said(a_submission("C"), a_submission("C", communes=("75056",))),
        replace(golden(Submitted, "with-documents"), id=new_id(), subject=new_id()),
    )
    expected = await query.rows(CODES)
    statement = ScriptDirectory(str(MIGRATIONS)).get_revision("0010").module.CODES
    async with query.running.engine.begin() as connection:
        await connection.execute(text("UPDATE procedures SET codes = '{}'"))
        await connection.exec_driver_sql(statement.format(submitted=Submitted.event_type))
    assert await query.rows(CODES) == expected
    assert all(codes for _, codes in expected)
