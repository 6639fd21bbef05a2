"""What people do from the pages: a court's answers, an administration's supplements and withdrawals.

Each form bears its own idempotency key: sent twice, by a double click or a reload, it is one. What the other service
refuses is shown at the field, with what was typed; where it does not answer, the form stays as it was, key included.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid5

from fastapi import APIRouter, Request, Response

from chassis.errors import Unavailable
from chassis.problems import Problem
from services.query.portal.choices import BY_FACT, Reply, body_of
from services.query.portal.given_back import AGAIN
from services.query.portal.listing import show_inbox
from services.query.portal.procedure import Sent, caught_up, seen, show
from services.query.portal.shell import Shell, see_other
from services.query.portal.uploading import Received, described, receive
from services.query.portal.upstream import Declined, Told, Upstream, answered
from services.query.portal.visits import Form, Stale, Visit
from services.query.settings import UPLOADS_PATH
from services.query.timeline import Procedure

_MOST_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that was said, and what became of it."""

    which: str
    form: Form
    outcome: Told | Declined
    attached: Sequence[Mapping[str, Any]] = ()


def routes(shell: Shell, intake: Upstream, routing: Upstream) -> APIRouter:
    """`POST /procedures/{id}/…` and `POST /inbox/acknowledge`."""
    router = APIRouter(include_in_schema=False, route_class=shell.route)

    async def given_back(one: UUID, which: str, stale: Stale) -> Response:
        """Nothing is said that another session's page was asked for; it is shown again, to be sent from this one."""
        attached = await described(intake, stale.visit, stale.form.all("document"))
        answer = Answer(which, stale.form, Declined(403, AGAIN, {}), attached)
        return await _followed(shell, intake, routing, stale.visit, one, answer)

    @router.post("/procedures/{id}/reply/{fact}")
    async def reply(request: Request, id: UUID, fact: str) -> Response:  # noqa: A002 - the name in the path
        chosen = BY_FACT.get(fact)
        if chosen is None:
            raise Problem(404, "unknown-page", "Cette réponse n’existe pas.")
        try:
            visit, form = await shell.visits.posted(request)
        except Stale as stale:
            return await given_back(id, fact, stale)
        telling = routing.tell(visit, f"/v1/procedures/{id}/replies", _reply(chosen, form), form.key)
        return await _followed(shell, intake, routing, visit, id, Answer(fact, form, await answered(telling)))

    @router.post(f"{UPLOADS_PATH}procedures/{{id}}/supplement")
    async def supplement(request: Request, id: UUID) -> Response:  # noqa: A002
        try:
            visit, received = await receive(shell, intake, request)
        except Stale as stale:
            return await given_back(id, "supplement", stale)
        attached = [*await described(intake, visit, received.form.all("document")), *received.documents]
        outcome = await _supplement(intake, visit, id, received, attached)
        return await _followed(
            shell, intake, routing, visit, id, Answer("supplement", received.form, outcome, attached)
        )

    @router.post("/procedures/{id}/withdrawal")
    async def withdrawal(request: Request, id: UUID) -> Response:  # noqa: A002
        try:
            visit, form = await shell.visits.posted(request)
        except Stale as stale:
            return await given_back(id, "withdrawal", stale)
        telling = intake.tell(visit, f"/v1/procedures/{id}/withdrawal", _withdrawal(form), form.key)
        return await _followed(shell, intake, routing, visit, id, Answer("withdrawal", form, await answered(telling)))

    @router.post("/inbox/acknowledge")
    async def acknowledge(request: Request) -> Response:
        return await _acknowledged(shell, routing, *await shell.visits.posted(request))

    return router


def _reply(reply: Reply, form: Form) -> dict[str, Any]:
    """About the delivery that the page showed: another one has another dossier."""
    body = body_of(reply, form.all)
    return body | {name: form.one(name) for name in ("delivery", "text") if form.one(name)}


def _withdrawal(form: Form) -> dict[str, Any]:
    return {"reason": form.one("reason")} | ({"comment": form.one("comment")} if form.one("comment") else {})


async def _supplement(
    intake: Upstream, visit: Visit, one: UUID, received: Received, attached: Sequence[Mapping[str, Any]]
) -> Told | Declined:
    """Nothing is said while a file is missing of it."""
    if received.refused:
        missing = " ".join(f"{name} : {detail}" for name, detail in received.refused)
        return Declined(400, "Le complément n’est pas transmis : une pièce n’a pas été prise.", {"file": missing})
    body: dict[str, Any] = {"text": received.form.one("text")}
    if attached:
        body["documents"] = [document["id"] for document in attached]
    return await answered(intake.tell(visit, f"/v1/procedures/{one}/supplements", body, received.form.key))


async def _followed(
    shell: Shell, intake: Upstream, routing: Upstream, visit: Visit, one: UUID, answer: Answer
) -> Response:
    """The procedure's page: as it is after what was taken, or with what was refused at its field."""
    if isinstance(answer.outcome, Declined):
        found = await seen(shell, visit, one)
        sent = Sent(answer.which, answer.form, answer.outcome, answer.attached)
        return await show(shell, intake, routing, visit, found, sent=sent)
    said = {"said": answer.which}
    if not await _caught_up(shell, visit, one, UUID(str(answer.outcome.answer["id"]))):
        said["late"] = "true"
    return see_other(f"/procedures/{one}?{urlencode(said)}#said")


async def _caught_up(shell: Shell, visit: Visit, one: UUID, said: UUID) -> bool:
    """Whether the timeline shows what was just said, by the id of the reply, the supplement or the fact."""

    def shows(found: Procedure) -> bool:
        facts = (entry.event for entry in found.entries)
        return any(said in (one.id, getattr(one.data, "reply", 0), getattr(one.data, "supplement", 0)) for one in facts)

    return await caught_up(shell, visit, one, shows)


async def _acknowledged(shell: Shell, routing: Upstream, visit: Visit, form: Form) -> Response:
    told = await asyncio.gather(*(_acknowledge(routing, visit, form.key, *one) for one in _chosen(form)))
    await asyncio.gather(*(_caught_up(shell, visit, one, reply) for one, reply in told if isinstance(reply, UUID)))
    refused = [{"id": str(one), "why": why} for one, why in told if isinstance(why, str)]
    done = len(told) - len(refused)
    if refused:
        return await show_inbox(shell, visit, done=done, refused=refused)
    return see_other(f"/inbox?{urlencode({'done': done})}")


async def _acknowledge(routing: Upstream, visit: Visit, key: str, one: UUID, delivery: str) -> tuple[UUID, UUID | str]:
    """The procedure, and the reply's id or why there is none."""
    body: Mapping[str, Any] = {"fact": "acknowledged", "delivery": delivery}
    try:
        outcome = await routing.tell(visit, f"/v1/procedures/{one}/replies", body, str(uuid5(one, key)))
    except Unavailable:
        return one, "le service de routage ne répond pas ; recommencez"
    return one, outcome.detail if isinstance(outcome, Declined) else UUID(str(outcome.answer["id"]))


def _chosen(form: Form) -> Sequence[tuple[UUID, str]]:
    """Procedures with the deliveries that the page showed."""
    try:
        pairs = [value.partition("/") for value in form.all("chosen")]
        return [(UUID(one), str(UUID(delivery))) for one, _, delivery in pairs][:_MOST_AT_ONCE]
    except ValueError:
        raise Problem(400, "invalid-form", "Ce formulaire n’a pas pu être lu.") from None
