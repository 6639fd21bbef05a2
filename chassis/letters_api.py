"""`/v1/dead-letters`: what a service could not handle, for operators to look at, replay or discard."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from chassis import letters, refused_rows, replay
from chassis.application import Application
from chassis.clock import PARIS
from chassis.decisions import Order
from chassis.identity import Operator
from chassis.learning import learn
from chassis.letters import State, label_of
from chassis.marks import read_mark, write_mark
from chassis.problems import FieldError, Problem
from chassis.replay import Behind, Closed, Done, Fails, Outcome, Unknown
from chassis.transaction import Transactions

LARGEST_ROW = 2**63 - 1


def _written(reason: str) -> str:
    if "\0" in reason:
        message = "Ce texte comporte un caractère nul."
        raise ValueError(message)
    return reason


class Discard(BaseModel):
    """Why a letter is given up; kept in this service's own table only."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_written)
    ]


def routes(application: Application, transactions: Transactions, applied: Callable[[], None]) -> APIRouter:
    """The routes; `applied` is called after facts were."""
    router = APIRouter(prefix="/v1/dead-letters", tags=["lettres mortes"])

    @router.get("", summary="Ce que ce service n’a pas pu traiter, le plus ancien d’abord")
    async def dead_letters(
        _: Operator,
        state: State = "open",
        prefix: Annotated[str, Query(max_length=64, pattern="^[0-9a-z-]*$")] = "",
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        after = read_mark(cursor)
        async with transactions.engine.connect() as connection:
            found, more = await letters.page(connection, state, prefix, after, limit)
        return {"dead_letters": found, "next": more and write_mark(more)}

    @router.get("/{letter}", summary="Une lettre morte avec son contenu et ce qui en a été décidé")
    async def dead_letter(letter: str, _: Operator) -> dict[str, Any]:
        async with transactions.engine.connect() as connection:
            found = await letters.whole(connection, _named(letter))
        if found is None:
            raise _unknown()
        return found

    @router.post("/{letter}/replay", summary="Rejouer une lettre morte, puis ce qui attendait derrière elle")
    async def replay_dead_letter(letter: str, caller: Operator) -> dict[str, Any]:
        name, order = _named(letter), Order(caller)
        # A letter of the release before may say again what it kept of a newer one: that comes first.
        await learn(application, transactions, applied)
        async with transactions.begin() as transaction:
            if isinstance(name, UUID):
                outcome = await replay.replay(application, transaction, name, order)
            else:
                outcome = await refused_rows.release(transaction, name, order)
        applied()
        return _answer(letter, outcome)

    @router.post("/{letter}/discard", summary="Écarter une lettre morte, et traiter ce qui attendait derrière elle")
    async def discard_dead_letter(letter: str, body: Discard, caller: Operator) -> dict[str, Any]:
        name, order = _named(letter), Order(caller, body.reason)
        async with transactions.begin() as transaction:
            if isinstance(name, UUID):
                outcome = await replay.discard(application, transaction, name, order)
            else:
                outcome = await refused_rows.discard(transaction, name, order)
        applied()
        return _answer(letter, outcome)

    return router


def _named(letter: str) -> UUID | int:
    row = re.fullmatch(f"{refused_rows.PREFIX}([0-9]{{1,19}})", letter, re.ASCII)
    if row and int(row[1]) <= LARGEST_ROW:
        return int(row[1])
    try:
        return UUID(letter)
    except ValueError:
        raise _unknown() from None


def _answer(letter: str, outcome: Outcome) -> dict[str, Any]:
    """What became of a decision; a problem where nothing came of it."""
    match outcome:
        case Done(released, parked, behind):
            return {"id": letter, "released": released, "parked": parked, "behind": behind}
        case Fails(fault):
            reason = f"{label_of(fault.code)} ({fault.code})"
            detail = f"La lettre échoue encore : {reason}. Elle reste ouverte, et rien n’a changé."
            raise Problem(409, "dead-letter-fails", detail, [FieldError(fault.pointer, reason)])
        case Behind(earlier):
            detail = f"La lettre {earlier}, de la même procédure, vient avant : décidez d’abord de celle-là."
            raise Problem(409, "dead-letter-behind", detail)
        case Closed(by):
            how = "" if by is None else f" par {by.subject} ({by.organisation}), le {_day(by.at)}"
            raise Problem(409, "dead-letter-closed", f"Cette lettre est déjà close{how}.")
        case Unknown():
            raise _unknown()


def _unknown() -> Problem:
    return Problem(404, "unknown-dead-letter", "Ce service n’a aucune lettre morte de cet identifiant.")


def _day(at: datetime) -> str:
    return at.astimezone(PARIS).strftime("%d/%m/%Y à %H:%M")
