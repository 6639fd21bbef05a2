"""HTTP in for courts that do not use Kafka: their replies, with words; and those words, to those entitled."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends
from infoparquet_contracts.codes import ReplyRefusal
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.replies import Reply
from infoparquet_contracts.status import FOLLOWERS
from pydantic import TypeAdapter, ValidationError
from rfc8785 import CanonicalizationError

from chassis import idempotency
from chassis.doorbell import first_found
from chassis.idempotency import Claim, Contradicted, IdempotencyKey, InFlight, New
from chassis.identity import Caller, only
from chassis.problems import FieldError, Problem, field_errors
from chassis.service import Parts
from chassis.transaction import Transaction
from chassis.words import Words
from services.routing import reply_store, store
from services.routing.dispatch import Dispatch, Steps
from services.routing.progress import Procedure, Refused, Waits, answer
from services.routing.replies import fact_of
from services.routing.reply_store import Kept, ReplyOutcome

# As long as a receipt takes to come back, and then some.
CATCH_UP_SECONDS = 5.0
MODELS: Mapping[str, type[Reply]] = {model.fact: model for model in REPLIES}
_WORDS: TypeAdapter[str] = TypeAdapter(Words)


_READERS = only(
    "administration",
    "tribunal",
    roles=["agent", "manager", "clerk", "prosecutor"],
    refusal="Votre rôle ne permet pas de lire les réponses des tribunaux.",
)
_COURTS = only(
    "tribunal", roles=["clerk", "prosecutor"], refusal="Votre rôle ne permet pas de répondre à une administration."
)


def routes(parts: Parts, dispatch: Dispatch) -> APIRouter:
    """`POST /v1/procedures/{id}/replies` and `GET /v1/replies/{id}`."""
    router = APIRouter(tags=["réponses des tribunaux"])

    @router.post("/v1/procedures/{id}/replies", summary="Répond à une procédure remise", status_code=202)
    async def reply(
        id: UUID,  # noqa: A002 - the name in the path
        body: Annotated[dict[str, Any], Body()],
        caller: Annotated[Caller, Depends(_COURTS)],
        key: IdempotencyKey,
    ) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            try:
                async with parts.transactions.admit() as transaction:
                    return await _accept(transaction, dispatch, id, body, caller, key)
            except InFlight:
                raise idempotency.in_flight() from None
            except _Early:
                return None

        accepted = await first_found(parts.facts_applied, look, CATCH_UP_SECONDS)
        if accepted is None:
            detail = "La preuve de la remise n’est pas encore au journal ; réessayez dans un instant."
            raise Problem(409, "delivery-under-way", detail, headers={"Retry-After": "2"})
        return accepted

    @router.get("/v1/replies/{id}", summary="Le texte qui accompagne une réponse")
    async def reply_words(
        id: UUID,  # noqa: A002
        caller: Annotated[Caller, Depends(_READERS)],
    ) -> dict[str, Any]:
        async with parts.engine.connect() as connection:
            found = await reply_store.words(connection, id)
            procedure = None if found is None else await store.find(connection, found.procedure)
        if found is None or procedure is None or not _may_read(caller, found, procedure):
            raise Problem(404, "unknown-reply", "Aucune réponse accompagnée d’un texte ne porte cet identifiant.")
        return {
            "id": found.reply,
            "procedure": found.procedure,
            "tribunal": found.tribunal,
            "fact": found.fact,
            "at": found.at,
            "text": found.text,
        }

    return router


class _Early(Exception):  # noqa: N818 - nothing is wrong: the same again in a moment
    """The receipt of the delivery has not come back."""


def _may_read(caller: Caller, words: reply_store.Words, procedure: Procedure) -> bool:
    """The administration it is for, the court that wrote it, and the court now in force."""
    if caller.kind == "administration":
        return caller.code == procedure.submitted.administration
    return caller.code == words.tribunal or (procedure.handed is not None and procedure.handed.tribunal == caller.code)


async def _accept(
    transaction: Transaction, dispatch: Dispatch, one: UUID, body: dict[str, Any], caller: Caller, key: str
) -> dict[str, Any]:
    claim = Claim(key, _digest(body), transaction.new_id())
    (claimed,) = await idempotency.claim(transaction, caller.organisation, f"/v1/procedures/{one}/replies", [claim])
    if isinstance(claimed, Contradicted):
        raise idempotency.contradicted()
    shown = {"id": claimed.resource, "procedure": one, "fact": body.get("fact")}
    if isinstance(claimed, New):
        await _answer(transaction, dispatch, one, body, caller.code, claimed.resource)
    return shown


async def _answer(
    transaction: Transaction, dispatch: Dispatch, one: UUID, body: dict[str, Any], court: str, reply: UUID
) -> None:
    held = await store.lock(transaction.connection, [one])
    procedure = held.get(one)
    if procedure is None or court not in procedure.courts:
        raise Problem(404, "unknown-procedure", "Aucune procédure remise à votre tribunal ne porte cet identifiant.")
    kept = _read(body, procedure, court, reply, transaction.now)
    steps = Steps(dispatch, transaction, held)
    match answer(procedure, court, fact_of(court, reply, kept.data), steps.speaker(one, None)):
        case Refused(code):
            raise _refused(code, procedure, kept.data.fact)
        case Waits():
            raise _Early
        case outcome:
            steps.take(outcome, None)
    await reply_store.add(transaction.connection, [(kept, ReplyOutcome.TAKEN)], transaction.now)
    transaction.say(await steps.finish())


def _read(body: Mapping[str, Any], procedure: Procedure, court: str, reply: UUID, now: datetime) -> Kept:
    """The reply in a body, about the delivery in force unless it names one. Raises Problem."""
    model = MODELS.get(str(body.get("fact")))
    if model is None:
        raise _invalid([FieldError("/fact", "Cette réponse n’existe pas.", list(MODELS))])
    if procedure.handed is None and "delivery" not in body:
        raise _refused(ReplyRefusal.OTHER_DELIVERY, procedure, model.fact)
    in_force = None if procedure.handed is None else str(procedure.handed.delivery)
    given = {"procedure": str(procedure.id), "delivery": in_force, "at": _written(now)}
    given |= {name: value for name, value in body.items() if name not in ("fact", "text")}
    errors: list[FieldError] = []
    data: Reply | None = None
    try:
        data = model.model_validate_json(json.dumps(given))
        if data.procedure != procedure.id:
            errors.append(FieldError("/procedure", "Ce n’est pas la procédure de l’adresse appelée."))
    except ValidationError as error:
        errors += field_errors(error.errors(include_url=False, include_input=False))
    text = body.get("text")
    try:
        words = None if text is None else _WORDS.validate_python(text, strict=True)
    except ValidationError as error:
        errors += [replace(one, pointer="/text") for one in field_errors(error.errors(include_input=False))]
    if errors or data is None:
        raise _invalid(errors)
    return Kept(court, reply, procedure.id, data, _digest(dict(body)), words=words)


def _digest(body: dict[str, Any]) -> bytes:
    try:
        return idempotency.digest_of(body)
    except CanonicalizationError:
        detail = "Le corps contient un nombre ou un caractère que JSON ne permet pas d’échanger."
        raise _invalid([FieldError("", detail)]) from None


def _written(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _invalid(errors: list[FieldError]) -> Problem:
    detail = "La réponse comporte " + ("une erreur." if len(errors) == 1 else f"{len(errors)} erreurs.")
    return Problem(400, "invalid-reply", detail, errors)


def _refused(code: ReplyRefusal, procedure: Procedure, fact: str) -> Problem:
    """409, with the state that the procedure is in."""
    status = procedure.standing.status
    state = f"La procédure est dans l’état « {status.label} »"
    if code is not ReplyRefusal.OUT_OF_TURN:
        return Problem(409, code.value, f"{code.label}. {state}.", [FieldError("/delivery", f"{code.label}.")])
    possible = [name for name in MODELS if name in {follower.value for follower in FOLLOWERS[status]}]
    detail = f"{state}, que cette réponse ne peut pas suivre."
    return Problem(409, code.value, detail, [FieldError("/fact", f"« {fact} » est impossible ici.", possible)])
