"""Carries out what an operator decides about a dead letter: it is replayed as the code is now, or discarded.

One transaction holds the letter's effects, its closing, and what was parked behind it, applied in the journal's order.
The procedure is held alone meanwhile, so that the consumer parks nothing that nobody would release.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update

from chassis import decisions
from chassis.application import Application
from chassis.dead_letters import (
    Place,
    dead_letters,
    hold,
    parked_facts,
    place_of,
    procedure_of,
    standing,
)
from chassis.decisions import Decision, Order
from chassis.errors import Unprocessable
from chassis.kept_records import record_of
from chassis.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such letter."""


@dataclass(frozen=True, slots=True)
class Closed:
    """It was closed before; by which decision, None where it was not an operator's."""

    by: Decision | None


@dataclass(frozen=True, slots=True)
class Behind:
    """An earlier letter of the same procedure is open and comes first."""

    letter: UUID


@dataclass(frozen=True, slots=True)
class Fails:
    """It cannot be applied by today's code either."""

    fault: Unprocessable


@dataclass(frozen=True, slots=True)
class Done:
    """It is closed; so many that waited behind it went on, so many still wait, for the letter named."""

    released: int
    parked: int = 0
    letter: UUID | None = None


Outcome = Unknown | Closed | Behind | Fails | Done


async def replay(application: Application, transaction: Transaction, letter: UUID, order: Order) -> Outcome:
    """Apply a letter's record, then what waits behind it. Fails is to be committed too: it says why anew."""
    row = await _take(transaction, letter)
    if row is None or row.closed_at:
        return await _not_open(transaction, row)
    earlier = await _earlier(transaction, row)
    if earlier:
        return Behind(earlier)
    fault = await application.apply_alone(transaction, record_of(row))
    if fault:
        again = {"code": fault.code.value, "pointer": fault.pointer, "tries": row.tries + 1}
        await transaction.connection.execute(update(dead_letters).where(dead_letters.c.id == letter).values(again))
        await decisions.keep(transaction, str(letter), row.value, order, "failed")
        return Fails(fault)
    await _close(transaction, row, discarded=False)
    await decisions.keep(transaction, str(letter), row.value, order, "applied")
    return await _release(application, transaction, row)


async def discard(application: Application, transaction: Transaction, letter: UUID, order: Order) -> Outcome:
    """Close a letter without its effects, for good, and apply what waits behind it."""
    row = await _take(transaction, letter)
    if row is None or row.closed_at:
        return await _not_open(transaction, row)
    await _close(transaction, row, discarded=True)
    await decisions.keep(transaction, str(letter), row.value, order, "discarded")
    return await _release(application, transaction, row)


async def _take(transaction: Transaction, letter: UUID) -> Row[Any] | None:
    """The letter, its procedure held: first the procedure, as the consumer does, then the row."""
    connection, this = transaction.connection, dead_letters.c.id == letter
    key = (await connection.execute(select(dead_letters.c.key).where(this))).scalar()
    procedure = procedure_of(key)
    if procedure:
        await hold(connection, [procedure], alone=True)
    return (await connection.execute(select(dead_letters).where(this).with_for_update())).one_or_none()


async def _not_open(transaction: Transaction, row: Row[Any] | None) -> Unknown | Closed:
    return Unknown() if row is None else Closed(await decisions.closing(transaction.connection, str(row.id)))


async def _earlier(transaction: Transaction, row: Row[Any]) -> UUID | None:
    """An open letter that must go first. Only in one partition is there a first between two that park."""
    mine = place_of(record_of(row))
    for letter, place in await _open_letters(transaction, procedure_of(row.key)):
        together = (place.topic, place.partition) == (mine.topic, mine.partition)
        if letter != row.id and mine.is_behind(place) and (together or not row.parks):
            return letter
    return None


async def _open_letters(transaction: Transaction, procedure: UUID | None) -> list[tuple[UUID, Place]]:
    """Those that the procedure's facts wait behind."""
    letters = dead_letters.c
    open_ones = (
        select(letters.id, letters.topic, letters.partition, letters.offset)
        .where(letters.procedure_id == procedure, letters.parks, letters.closed_at.is_(None))
        .order_by(letters.offset)
    )
    return [(letter, Place(*place)) for letter, *place in await transaction.connection.execute(open_ones)]


async def _close(transaction: Transaction, row: Row[Any], *, discarded: bool) -> None:
    closed = {"closed_at": transaction.now, "discarded": discarded}
    await transaction.connection.execute(update(dead_letters).where(dead_letters.c.id == row.id).values(closed))


async def _release(application: Application, transaction: Transaction, row: Row[Any]) -> Done:
    """Apply the parked facts that no open letter holds; the first that fails holds the others from now on."""
    procedure, connection = procedure_of(row.key), transaction.connection
    if procedure is None:
        return Done(0)
    waiting = (await connection.execute(select(parked_facts).where(parked_facts.c.procedure_id == procedure))).all()
    parked = [(one.id, record_of(one)) for one in _in_order(waiting)]
    stands = await standing(connection, [procedure], [place_of(record) for _, record in parked])
    letter, released, left = stands.frozen.get(procedure), 0, 0
    for fact, record in parked:
        place = place_of(record)
        if letter and place.is_behind(letter):
            left += 1
            continue
        await connection.execute(delete(parked_facts).where(parked_facts.c.id == fact))
        if place == letter or stands.is_discarded(record):
            # It has a letter of its own, which decides about it.
            continue
        if not application.concerns(record):
            # The release before would have taken it, this one has the newer version.
            continue
        fault = await application.apply_alone(transaction, record)
        if fault is None:
            released += 1
        elif await application.bury(transaction, record, fault, procedure) and application.sources[record.topic].parks:
            letter = place
    still_open = await _open_letters(transaction, procedure)
    return Done(released, left, still_open[0][0] if still_open else None)


def _in_order(waiting: Iterable[Row[Any]]) -> Sequence[Row[Any]]:
    """As the log has them within a partition, whatever the clocks said; by arrival between partitions."""
    partitions: dict[tuple[str, int], list[Row[Any]]] = {}
    for row in sorted(waiting, key=lambda row: row.offset):
        partitions.setdefault((row.topic, row.partition), []).append(row)
    return list(heapq.merge(*partitions.values(), key=lambda row: row.received_at))
