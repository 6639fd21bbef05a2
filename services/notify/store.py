"""The procedures that are followed, and what is to be told of them: a row a mail, for ever. No address is kept here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from infoparquet_contracts.codes import Channel, Status
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import NotificationFailed, Notified, Submitted
from infoparquet_contracts.status import State
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    desc,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from chassis.followed import state_of

WAITING, SENDING, SENT, FAILED = "waiting", "sending", "sent", "failed"
# One procedure's deliveries in one answer.
MOST_SHOWN: Final = 500

metadata = MetaData()

procedures = Table(
    "procedures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("administration", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    # The fold of the contracts, as far as it decides which facts took effect.
    Column("status", Text, nullable=False),
    Column("number", Text),
    Column("tribunal", Text),
    Column("delivery", Uuid),
    Column("withdrawal_requested", Boolean, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("procedure_id", Uuid, ForeignKey("procedures.id"), nullable=False),
    # The fact, as the journal has it.
    Column("event_type", Text, nullable=False),
    Column("event_data", JSONB, nullable=False),
    Column("event_time", DateTime(timezone=True), nullable=False),
    Column("traceparent", Text),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tries_allowed", Integer, nullable=False),
    # While it is being sent, when whoever sends it is taken for dead.
    Column("next_try_at", DateTime(timezone=True), nullable=False),
    Column("failure", Text),
    # When it was first given up, which is said once.
    Column("failed_at", DateTime(timezone=True)),
    Column("sent_at", DateTime(timezone=True)),
    UniqueConstraint("event_id", "recipient", "channel"),
    Index("deliveries_procedure", "procedure_id", "created_at"),
    Index("deliveries_due", desc("urgent"), "next_try_at", postgresql_where="state IN ('waiting', 'sending')"),
    Index("deliveries_failed", "failed_at", "id", postgresql_where="state = 'failed'"),
)


@dataclass(frozen=True, slots=True)
class Followed:
    """A procedure, where it stands, and whom its mails go to."""

    administration: str
    urgent: bool
    state: State


async def begin(connection: AsyncConnection, submitted: Sequence[Event[Submitted]]) -> None:
    """Follow procedures from now on; those that are followed already are left as they are."""
    rows = [
        {
            "id": event.subject,
            "administration": event.data.administration,
            "reference": event.data.reference,
            "urgent": event.data.urgency is not None,
            "status": Status.SUBMITTED.value,
            "withdrawal_requested": False,
        }
        for event in submitted
    ]
    await connection.execute(insert(procedures).on_conflict_do_nothing(), rows)


async def lock(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Followed]:
    """Where procedures stand, held until the transaction ends; always locked in one order."""
    ordered = select(procedures).where(among(procedures.c.id, ids)).order_by(procedures.c.id).with_for_update()
    return {row.id: _followed(row) for row in await connection.execute(ordered)}


def delivery_id(event: UUID, recipient: str, channel: Channel) -> UUID:
    """For ever the same, even after the database was restored and the journal read again."""
    return uuid5(event, f"{channel.value} {recipient}")


async def add(
    connection: AsyncConnection, told: Sequence[tuple[Event[Any], Followed]], allowed: int, now: datetime
) -> None:
    """A delivery for each fact, due at once; one that is there already is left as it is."""
    rows = []
    for event, procedure in told:
        recipient = f"administration:{procedure.administration}"
        rows.append(
            {
                "id": delivery_id(event.id, recipient, Channel.MAIL),
                "event_id": event.id,
                "procedure_id": event.subject,
                "event_type": event.type,
                "event_data": event.data.model_dump(mode="json"),
                "event_time": event.time,
                "traceparent": event.traceparent,
                "channel": Channel.MAIL.value,
                "recipient": recipient,
                "urgent": procedure.urgent,
                "created_at": now,
                "state": WAITING,
                "tries": 0,
                "tries_allowed": allowed,
                "next_try_at": now,
            }
        )
    await connection.execute(insert(deliveries).on_conflict_do_nothing(), rows)


async def settle(connection: AsyncConnection, outcomes: Sequence[Notified | NotificationFailed]) -> None:
    """Keep what the journal says became of deliveries, in its order: what was sent is sent."""
    for one in outcomes:
        sent = isinstance(one, Notified)
        changed: dict[str, Any] = {"state": SENT if sent else FAILED, "tries": one.tries}
        changed |= {"sent_at": one.at} if sent else {"failed_at": one.at}
        changed["failure"] = one.failure.value if isinstance(one, NotificationFailed) else None
        which = deliveries.c.id == delivery_id(one.about, one.recipient, one.channel)
        await connection.execute(update(deliveries).where(which, deliveries.c.state != SENT).values(changed))


async def of_procedure(connection: AsyncConnection, procedure: UUID) -> tuple[str, list[Any]] | None:
    """Its administration and the rows of its deliveries, oldest first; None where it is not followed."""
    found = await connection.execute(select(procedures.c.administration).where(procedures.c.id == procedure))
    administration = found.scalar()
    if administration is None:
        return None
    rows = (
        select(deliveries)
        .where(deliveries.c.procedure_id == procedure)
        .order_by(deliveries.c.created_at, deliveries.c.id)
        .limit(MOST_SHOWN)
    )
    return administration, list(await connection.execute(rows))


def failed(after: tuple[datetime, UUID] | None, most: int) -> Select[Any]:
    """The rows of what was given up, the first given up first; in the words of the index that holds nothing else."""
    given_up = deliveries.c.state == literal_column(f"'{FAILED}'")
    rows = select(deliveries).where(given_up).order_by(deliveries.c.failed_at, deliveries.c.id).limit(most)
    if after is None:
        return rows
    at, last = after
    return rows.where(tuple_(deliveries.c.failed_at, deliveries.c.id) > tuple_(literal(at), literal(last)))


async def retry(connection: AsyncConnection, one: UUID, more: int, now: datetime) -> tuple[Any, bool] | None:
    """Try a failed delivery again, `more` times; its row and whether it had failed. None where there is none."""
    failed = update(deliveries).where(deliveries.c.id == one, deliveries.c.state == FAILED)
    changed = failed.values(state=WAITING, next_try_at=now, tries_allowed=deliveries.c.tries + more)
    row = (await connection.execute(changed.returning(deliveries))).one_or_none()
    if row is not None:
        return row, True
    row = (await connection.execute(select(deliveries).where(deliveries.c.id == one))).one_or_none()
    return None if row is None else (row, False)


def _followed(row: Any) -> Followed:  # noqa: ANN401 - a row of the whole table
    return Followed(row.administration, row.urgent, state_of(row))
