"""`infoparquet tribunal fetch`: everything of a procedure to a court's disk, checked against its delivery.

Run again, it goes on where it was: what is there and right is not asked for again.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from aiokafka.errors import KafkaError
from infoparquet_contracts.codes import WithdrawalReason
from joserfc import jws
from joserfc.errors import JoseError
from pydantic import ValidationError

from cli.court_documents import Handed, NotHandedOver, Wanted, handed, wanted
from cli.court_records import NoTopic, open_records
from cli.court_services import CourtServices, Unanswered, Unknown
from cli.download import Outcome, download
from cli.failures import FAILED, WRONG_USE, stop
from cli.procedure_folder import InUse, procedure_folder, write_json, write_told
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect
from cli.tribunal_code import KAFKA, kafka_silent, require_court, running_kafka
from cli.tribunal_fetch_table import Fetched, bar, tell
from deploy.local.failures import StackError

AT_ONCE = 4
# A first byte may have to come from a distant store.
_LIMIT_SECONDS = 60.0
_WORDS = typer.Argument(
    metavar="[CODE] ID_OU_NUMÉRO",
    help="Code du tribunal, puis identifiant ou numéro de la procédure. Sans code : le tribunal du jeton, ou celui "
    "qui est saisi dans le système lancé.",
)
_TO = typer.Option("--to", metavar="DIR", help="Dossier où ranger celui de la procédure.", file_okay=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is fetched, for whom, to where; without a `kafka`, the dossier is taken at its word."""

    code: str
    which: str
    to: Path
    connection: Connection
    kafka: str | None


def fetch(
    words: Annotated[list[str], _WORDS],
    to: Annotated[Path, _TO],
    data: DataOption = DEFAULT_DATA,
    kafka: Annotated[str | None, KAFKA] = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON.")] = False,
) -> None:
    """Range sur le disque tout ce qui est remis d’une procédure, vérifié d’après les empreintes de la remise.

    Relancée, la commande reprend où elle en était.

    Les empreintes sont lues sur le sujet du tribunal ; avec --url, sans --kafka, dans le dossier.
    """
    try:
        asked = _asked(words, to, data, kafka, url, token)
        done = asyncio.run(_fetch(asked))
    except KeyboardInterrupt:
        stop(FAILED, "Interrompu. Relancez la même commande : ce qui est là n’est pas repris.")
    except (NotHandedOver, Unanswered, StackError) as failure:
        stop(FAILED, str(failure))
    except NoTopic as missing:
        stop(FAILED, f"Le sujet {missing} n’existe pas sur ce Kafka : vérifiez l’adresse et vos droits.")
    except InUse as folder:
        stop(FAILED, f"Une autre commande remplit déjà {folder} : attendez sa fin.")
    except ValidationError:
        stop(FAILED, "Le dossier reçu est illisible : ses pièces ne sont pas décrites comme attendu.")
    except OSError as error:
        stop(FAILED, f"Écriture impossible dans {to} : {error.strerror or error}.")
    tell(done, as_json=as_json)


def _asked(words: Sequence[str], to: Path, data: Path, kafka: str | None, url: str | None, token: str | None) -> Asked:
    """Raises StackError or Unanswered; leaves the command for a wrong use."""
    *codes, which = words
    if len(codes) > 1:
        stop(WRONG_USE, "Donnez le code du tribunal, puis l’identifiant ou le numéro d’une seule procédure.")
    code = codes[0] if codes else _code(connect(data, url, token, "operator"), which)
    require_court(code)
    connection = connect(data, url, token, f"tribunal:{code}")
    if kafka is None and url is None:
        kafka = running_kafka(data)
    if kafka is None:
        print("Sans --kafka, les empreintes sont celles du dossier, non celles de la remise.", file=sys.stderr)
    return Asked(code, which, to, connection, kafka)


def _code(connection: Connection, which: str) -> str:
    """The court that the token is for; where none is given, the one that has the procedure. Raises Unanswered."""
    if connection.token is None:
        return asyncio.run(_competent(connection, which))
    with contextlib.suppress(JoseError, ValueError):
        claims = json.loads(jws.extract_compact(connection.token.encode()).payload)
        kind, _, code = str(claims.get("organisation")).partition(":")
        if kind == "tribunal":
            return code
    return stop(WRONG_USE, "Le jeton n’est pas celui d’un tribunal : donnez le code du tribunal avant la procédure.")


async def _competent(connection: Connection, which: str) -> str:
    async with httpx.AsyncClient(timeout=_LIMIT_SECONDS) as client:
        code = (await CourtServices(connection, client).procedure(which))["tribunal"]
    if code is None:
        raise NotHandedOver(f"La procédure « {which} » n’a pas encore de tribunal.")
    return str(code)


async def _fetch(asked: Asked) -> Fetched:
    async with httpx.AsyncClient(timeout=_LIMIT_SECONDS) as client:
        services = CourtServices(asked.connection, client)
        told = None if asked.kafka is None else await _told(asked, asked.kafka)
        procedure = await _procedure(services, asked, told)
        dossier = await _dossier(services, asked, procedure)
        listed = wanted(told, dossier.get("attachments", []))
        number = told.delivery.event.data.number if told else dossier.get("number")
        with procedure_folder(asked.to, str(number or procedure)) as path:
            write_told(path, told, dossier, listed)
            outcomes = await _downloaded(client, asked.connection, path, listed)
            documents = list(zip(listed, outcomes, strict=True))
            done = Fetched(procedure, number, asked.code, path, told, _withdrawal(dossier), documents)
            write_json(path / "manifest.json", done.as_json())
            return done


async def _told(asked: Asked, kafka: str) -> Handed:
    """Raises NotHandedOver, NoTopic or Unanswered."""
    try:
        async with open_records(asked.code, kafka, replying=False) as records:
            return handed(await records.told_of(asked.which), asked.which, asked.code)
    except (KafkaError, OSError) as error:
        raise Unanswered(kafka_silent(error)) from error


async def _procedure(services: CourtServices, asked: Asked, told: Handed | None) -> UUID:
    if told is not None:
        return told.delivery.event.subject
    with contextlib.suppress(ValueError):
        return UUID(asked.which)
    return UUID((await services.procedure(asked.which))["id"])


def _withdrawal(dossier: dict[str, Any]) -> WithdrawalReason | None:
    """None also for a reason that a newer release has."""
    try:
        return WithdrawalReason(str((dossier.get("withdrawal") or {}).get("reason")))
    except ValueError:
        return None


async def _dossier(services: CourtServices, asked: Asked, procedure: UUID) -> dict[str, Any]:
    try:
        return await services.dossier(procedure)
    except Unknown:
        raise Unanswered(
            f"Le dossier de la procédure « {asked.which} » n’est pas ouvert au tribunal {asked.code} : "
            "il n’en est pas, ou n’en est plus saisi (déclinée, réattribuée ou retirée)."
        ) from None


async def _downloaded(
    client: httpx.AsyncClient, connection: Connection, path: Path, listed: Sequence[Wanted]
) -> list[Outcome]:
    gate = asyncio.Semaphore(AT_ONCE)
    with bar(sum(one.document.bytes for one in listed if one.outcome is None)) as advance:

        async def one_of_them(one: Wanted) -> Outcome:
            if one.outcome is not None:
                return _with_what_is_there(one.outcome, path / one.file)
            async with gate:
                return await download(client, connection, one.document, path / one.file, advance)

        return await asyncio.gather(*map(one_of_them, listed))


def _with_what_is_there(outcome: Outcome, file: Path) -> Outcome:
    """It may have been fetched before it was known to be infected."""
    if not file.exists():
        return outcome
    return replace(outcome, detail=f"{outcome.detail} Un fichier est déjà là : ne l’ouvrez pas.")
