"""`infoparquet tribunal reply`: a court answers a delivery, by its topic, or by HTTP where it says words.

It shows what became of the reply: a fact of the journal, or a refusal. Where neither is known in time it says so and
fails, though the reply was sent and may yet be taken. With Kafka alone, only a refusal can be seen.
"""

import asyncio
import json
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from aiokafka.errors import KafkaError
from infoparquet_contracts.court import ReplyRefused
from infoparquet_contracts.envelope import Event

from chassis.clock import new_id, utc_now
from cli.court_records import NoTopic, open_records
from cli.court_services import CourtServices, Unanswered, open_client
from cli.failures import FAILED, WRONG_USE, stop
from cli.reply_options import Answered, WrongOption, reply_of
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect
from cli.tribunal_code import CODE, KAFKA, kafka_silent, require_court, running_kafka
from deploy.local.failures import StackError

Options = Mapping[str, str | Sequence[str] | None]
_NOBODY = UUID(int=0)
_WHICH = typer.Argument(metavar="ID_OU_NUMÉRO", help="Identifiant ou numéro de la procédure.")
_FACT = typer.Argument(
    metavar="FAIT",
    help="acknowledged, registered, supplement-requested, declined, assigned, decided ou closed.",
)
_DELIVERY = typer.Option(metavar="UUID", help="Remise à laquelle il est répondu ; la dernière par défaut.")
_TEXT = typer.Option(help="Des mots, gardés hors du bus : la réponse va alors par HTTP.")
_WAIT = typer.Option(min=0, help="Secondes pendant lesquelles la suite est attendue ; 0 pour ne pas attendre.")


class NotAnswerable(Exception):  # noqa: N818 - why, in French, is its message
    """There is nothing to answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be answered, and how."""

    code: str
    which: str
    fact: str
    options: Options
    delivery: UUID | None
    wait: float


@dataclass(frozen=True, slots=True)
class Sent:
    """A reply on its way, and what became of it: a timeline's entry, a refusal, or nothing that is known yet.

    `followed`: the follow-up was asked, so that a reply that was taken would have been seen.
    """

    reply: UUID
    procedure: UUID
    outcome: dict[str, Any] | ReplyRefused | None
    followed: bool


def reply(
    code: Annotated[str, CODE],
    which: Annotated[str, _WHICH],
    fact: Annotated[str, _FACT],
    parquet_number: Annotated[str | None, typer.Option(help="registered : le numéro de parquet.")] = None,
    missing: Annotated[list[str] | None, typer.Option(help="supplement-requested : ce qui manque ; à répéter.")] = None,
    reason: Annotated[str | None, typer.Option(help="declined : le motif.")] = None,
    competent: Annotated[list[str] | None, typer.Option(help="declined : tribunal compétent ; à répéter.")] = None,
    section: Annotated[str | None, typer.Option(help="assigned : la section, par exemple ECO2.")] = None,
    orientation: Annotated[str | None, typer.Option(help="decided : l’orientation.")] = None,
    ground: Annotated[str | None, typer.Option(help="decided : le motif d’un classement sans suite.")] = None,
    delivery: Annotated[UUID | None, _DELIVERY] = None,
    text: Annotated[str | None, _TEXT] = None,
    wait: Annotated[float, _WAIT] = 10.0,
    data: DataOption = DEFAULT_DATA,
    kafka: Annotated[str | None, KAFKA] = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON.")] = False,
) -> None:
    """Répond à une remise pour un tribunal, et montre ce que la réponse est devenue."""
    require_court(code)
    options: Options = {
        "parquet_number": parquet_number, "missing": missing, "reason": reason, "competent": competent,
        "section": section, "orientation": orientation, "ground": ground,
    }  # fmt: skip
    asked = Asked(code, which, fact, options, delivery, wait)
    try:
        # Before anything is asked of anybody.
        reply_of(fact, options, Answered(_NOBODY, _NOBODY, utc_now()))
        alone = kafka is not None and url is None and text is None
        connection = None if alone else connect(data, url, token, f"tribunal:{code}")
        sent = _run(asked, text, connection, kafka, data)
    except WrongOption as wrong:
        stop(WRONG_USE, str(wrong))
    except (NotAnswerable, Unanswered, StackError) as failure:
        stop(FAILED, str(failure))
    except NoTopic as missing_topic:
        stop(FAILED, f"Le sujet {missing_topic} n’existe pas sur ce Kafka : vérifiez l’adresse et vos droits.")
    except (KafkaError, OSError) as error:
        stop(FAILED, kafka_silent(error))
    _tell(asked, sent, as_json=as_json)


def _run(asked: Asked, text: str | None, connection: Connection | None, kafka: str | None, data: Path) -> Sent:
    if text is None:
        return asyncio.run(_by_topic(asked, kafka or running_kafka(data), connection))
    assert connection is not None  # noqa: S101 - words are never without one
    print("Les mots ne passent pas par Kafka : la réponse va par HTTP.", file=sys.stderr)
    return asyncio.run(_by_http(asked, text, connection))


async def _by_topic(asked: Asked, kafka: str, connection: Connection | None) -> Sent:
    async with open_records(asked.code, kafka) as records, open_client() as client:
        delivered = await records.last_delivery(asked.which)
        if delivered is None:
            raise NotAnswerable(f"La procédure « {asked.which} » n’a pas été remise au tribunal {asked.code}.")
        now = utc_now()
        answered = Answered(delivered.subject, asked.delivery or delivered.id, now)
        data = reply_of(asked.fact, asked.options, answered)
        event = Event(new_id(), f"/tribunals/{asked.code}", data.event_type, delivered.subject, now, data)
        await records.send(event)
        watched: list[Coroutine[Any, Any, Any]] = [records.refusal(event.id)]
        if connection is not None:
            watched.append(CourtServices(connection, client).fact_of(event.subject, event.id))
        return Sent(event.id, event.subject, await _first(watched, asked.wait), connection is not None)


async def _by_http(asked: Asked, text: str, connection: Connection) -> Sent:
    async with open_client() as client:
        services = CourtServices(connection, client)
        procedure = UUID((await services.procedure(asked.which))["id"])
        now = utc_now()
        fields = {name: value for name, value in asked.options.items() if value}
        body = {"fact": asked.fact, "at": now.isoformat().replace("+00:00", "Z"), "text": text, **fields}
        if asked.delivery is not None:
            body["delivery"] = str(asked.delivery)
        made = await services.reply(procedure, body, new_id())
        outcome = await _first([services.fact_of(procedure, made)], asked.wait)
        return Sent(made, procedure, outcome, followed=True)


async def _first(watched: Sequence[Coroutine[Any, Any, Any]], seconds: float) -> Any:  # noqa: ANN401
    """What the first of them finds, None where none does in time."""
    tasks = [asyncio.ensure_future(one) for one in watched]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result() if done else None
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError, KafkaError, Unanswered):
                await task


def _tell(asked: Asked, sent: Sent, *, as_json: bool) -> None:
    """Leaves the command with 1 where the reply was refused, or nothing is known of it though it was waited for."""
    refused = sent.outcome if isinstance(sent.outcome, ReplyRefused) else None
    entry = sent.outcome if isinstance(sent.outcome, dict) else None
    if as_json:
        document = {
            "reply": str(sent.reply),
            "procedure": str(sent.procedure),
            "fact": asked.fact,
            "outcome": "refused" if refused else "taken" if entry else "sent",
            "refusal": refused and refused.model_dump(mode="json"),
            "entry": entry,
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    elif entry:
        typer.echo(f"Admise : {entry['description']}.")
    elif not refused:
        unrefused = f" ; aucun refus en {_seconds(asked.wait)}" if asked.wait and not sent.followed else ""
        typer.echo(f"Envoyée : {asked.fact}, réponse {sent.reply}{unrefused}.")
    if refused:
        where = f" ({refused.pointer})" if refused.pointer else ""
        stop(FAILED, f"Refusée : {refused.code.label}{where}. Voir docs/tribunals.md, « A refused reply ».")
    if entry is None and asked.wait and sent.followed:
        stop(
            FAILED,
            f"Rien n’est encore connu de cette réponse après {_seconds(asked.wait)} ; elle n’est pas à renvoyer.",
        )


def _seconds(wait: float) -> str:
    return f"{wait:g} s".replace(".", ",")
