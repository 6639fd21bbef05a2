"""What an operator finds in the morning: a procedure without a court, letters that nobody could handle, lost mails."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.clock import new_id
from services.numbering.allocation import written
from tests.builders import a_submission, an_event
from tests.processes import until
from tests.services.query.portal.people import Portal

AT_SEA = {"places": [{"ground": "facts", "text": "Au large de Royan."}]}
TAKEN = "INSERT INTO numbers VALUES (:id, :number, 2031, 1, 'local', 'dreal-33', now())"
GIVEN_UP = """
    UPDATE deliveries SET state = 'failed', failure = 'address-refused', tries = 1, failed_at = created_at
    WHERE procedure_id = :procedure
"""


@dataclass(frozen=True, slots=True)
class Morning:
    """The procedure that waits for its court, and the one whose mail was refused: it was delivered."""

    unroutable: UUID
    delivered: UUID


async def a_morning(portal: Portal) -> Morning:
    """All of it at once."""
    at_sea = await a_procedure_at_sea(portal)
    delivered = await portal.submitted(reference="MAIL-1")
    await a_number_taken(portal)
    await a_letter_of_bytes(portal)
    await a_mail_given_up(portal, delivered)
    return Morning(at_sea, delivered)


async def a_procedure_at_sea(portal: Portal) -> UUID:
    """Urgent, and in the queue, since no rule decides it."""
    one = await portal.submitted(delivered=False, reference="MER-1", urgency={"reason": "danger"}, **AT_SEA)
    await portal.reaches(one, "unroutable")
    return one


async def a_number_taken(portal: Portal) -> None:
    """A procedure of 2031 that can be given no number, since somebody has its first; a fact waits behind it."""
    await do(portal, "numbering", TAKEN, id=new_id(), number=written(2031, 1))
    at_fault = an_event(a_submission(at=datetime(2031, 5, 1, tzinfo=UTC)))
    await portal.world.services["numbering"].read(at_fault, an_event(a_submission(), subject=at_fault.subject))


async def a_letter_of_bytes(portal: Portal) -> None:
    """Of query's own: what stands in the journal is no JSON, and longer than a page shows."""
    query = portal.world.services["query"]
    record = query.record(an_event(a_submission()), value=b"<b>\x1b[31m" + b"x" * 30_000)
    await query.read_records(record)


async def a_mail_given_up(portal: Portal, procedure: UUID) -> None:
    """As when the server refuses the address."""

    async def written_down() -> bool:
        found = await portal.world.services["notify"].rows("SELECT procedure_id FROM deliveries")
        return (procedure,) in found

    await until(written_down, what="a delivery")
    await do(portal, "notify", GIVEN_UP, procedure=procedure)


async def do(portal: Portal, service: str, statement: str, **values: Any) -> None:
    """In a service's database."""
    async with portal.world.services[service].running.engine.begin() as connection:
        await connection.execute(text(statement), values)
